/* queue_sweep: what killed writers left in tmp/ (queue_out.h). */
#include "queue_dir.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a killed group writer left: its members, then itself. */
static unsigned
sweep_group(struct queue *q, const char *path, int fd)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;

	if (d == NULL) {
		close(fd);
		return 0;
	}
	while ((e = queue_dir_next(d)) != NULL)
		unlinkat(dirfd(d), e->d_name, 0);
	unlinkat(q->fd, path, AT_REMOVEDIR);
	closedir(d);
	return 1;
}

/* Between our open and our flock its writer may have brought the group to
 * new/: then what we hold is committed mail. */
static bool
is_still(struct queue *q, const char *path, const struct stat *st)
{
	struct stat now;

	return fstatat(q->fd, path, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	    now.st_dev == st->st_dev && now.st_ino == st->st_ino;
}

static unsigned
sweep_name(struct queue *q, const char *path)
{
	int fd = openat(q->fd, path,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	unsigned swept = 0;

	if (fd == -1)
		return 0;
	/* A writer that lives holds the lock. */
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 &&
	    is_still(q, path, &st)) {
		if (S_ISDIR(st.st_mode))
			return sweep_group(q, path, fd);
		if (S_ISREG(st.st_mode) && st.st_nlink == 1 &&
		    unlinkat(q->fd, path, 0) == 0)
			swept = 1;
	}
	close(fd);
	return swept;
}

unsigned
queue_sweep(struct queue *q)
{
	DIR *d = queue_dir_open(q, "tmp");
	struct dirent *e;
	unsigned n = 0;

	if (d == NULL)
		return 0;
	while ((e = queue_dir_next(d)) != NULL) {
		char path[QUEUE_NAME_MAX];

		if (!id_valid(span_of(e->d_name))) {
			queue_dir_report("tmp", e->d_name);
			continue;
		}
		snprintf(path, sizeof path, "tmp/%.*s", ID_SIZE, e->d_name);
		n += sweep_name(q, path);
	}
	closedir(d);
	return n;
}
