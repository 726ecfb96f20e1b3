/*
 * static: calls of our libraries that a static glibc program must not make,
 * since they need the very glibc it was linked with at hand: dlopen(3) (Lua,
 * for C modules) and the services database (c-ares, for a name we never ask
 * for). They say no. The Makefile wraps the calls (ld's --wrap) in static
 * glibc programs; musl needs none of this, sanitizer builds keep the real
 * ones.
 */
#include <errno.h>
#include <stddef.h>

void *__wrap_dlopen(const char *file, int mode);
void *__wrap_dlsym(void *handle, const char *name);
int __wrap_dlclose(void *handle);
char *__wrap_dlerror(void);
struct servent;
int __wrap_getservbyport_r(int port, const char *proto, struct servent *entry,
    char *buf, size_t size, struct servent **result);

void *
__wrap_dlopen(const char *file, int mode)
{
	(void)file;
	(void)mode;
	return NULL;
}

void *
__wrap_dlsym(void *handle, const char *name)
{
	(void)handle;
	(void)name;
	return NULL;
}

int
__wrap_dlclose(void *handle)
{
	(void)handle;
	return -1;
}

char *
__wrap_dlerror(void)
{
	static char no[] = "no C modules here";

	return no;
}

int
__wrap_getservbyport_r(int port, const char *proto, struct servent *entry,
    char *buf, size_t size, struct servent **result)
{
	(void)port;
	(void)proto;
	(void)entry;
	(void)buf;
	(void)size;
	*result = NULL;
	return ENOENT;
}
