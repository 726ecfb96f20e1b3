/*
 * hook_nodl: dlopen(3) that says no. Debian's Lua would load C modules with
 * it, which a static program cannot do safely: it needs the very glibc it was
 * linked with at hand. The Makefile wraps the calls (ld's --wrap) in static
 * glibc programs; musl's Lua has none, sanitizer builds keep the real ones.
 */
#include <stddef.h>

void *__wrap_dlopen(const char *file, int mode);
void *__wrap_dlsym(void *handle, const char *name);
int __wrap_dlclose(void *handle);
char *__wrap_dlerror(void);

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
