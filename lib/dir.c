/* dir: see dir.h. */
#include "dir.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's struct linux_dirent64; libraries do not agree on a name. */
struct entry {
	unsigned long long inode;
	long long offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

int
dir_open(struct dir *d, const char *path)
{
	d->pos = d->end = 0;
	d->error = 0;
	d->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return d->fd == -1 ? -1 : 0;
}

static int
fill(struct dir *d)
{
	long n = syscall(SYS_getdents64, d->fd, d->block, sizeof d->block);

	if (n == -1)
		d->error = errno;
	d->pos = 0;
	d->end = n > 0 ? (size_t)n : 0;
	return n > 0;
}

const char *
dir_next(struct dir *d)
{
	for (;;) {
		const struct entry *e;

		if (d->pos == d->end && !fill(d))
			return NULL;
		e = (const void *)(d->block + d->pos);
		d->pos += e->length;
		if (strcmp(e->name, ".") != 0 && strcmp(e->name, "..") != 0)
			return e->name;
	}
}

void
dir_close(struct dir *d)
{
	close(d->fd);
	d->fd = -1;
}
