/* maildir_dir: see maildir_dir.h. */
#include "maildir_dir.h"
#include "file.h"
#include "maildir.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

void
maildir_dirs_init(struct maildir_dirs *dirs)
{
	for (size_t i = 0; i < MAILDIR_DIRS; i++)
		dirs->v[i].tmp = dirs->v[i].new = -1;
}

static int
number(const char **p)
{
	int n = 0;

	while (ascii_isdigit(**p) && n < 1000)
		n = n * 10 + (*(*p)++ - '0');
	if (**p == '.')
		(*p)++;
	return n;
}

/* syncfs(2) returns the errors of writeback since Linux 5.8. */
static bool
kernel_tells(void)
{
	static int known = -1;
	struct utsname u;

	if (known == -1 && uname(&u) == 0) {
		const char *p = u.release;
		int major = number(&p), minor = number(&p);

		known = major > 5 || (major == 5 && minor >= 8);
	}
	return known == 1;
}

/* The file systems where syncfs(2) is known to write everything and to
 * report: overlayfs loses errors, fuse does not reach the other side. */
static bool
is_group_fs(int fd)
{
	static const unsigned long good[] = {
	    0xEF53,	/* ext4 */
	    0x58465342, /* xfs */
	    0x9123683E, /* btrfs */
	    0xF2F52010, /* f2fs */
	    0x01021994, /* tmpfs */
	};
	struct statfs fs;

	if (!kernel_tells() || fstatfs(fd, &fs) == -1)
		return false;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (((unsigned long)fs.f_type & 0xFFFFFFFF) == good[i])
			return true;
	return false;
}

static void
close_dir(struct maildir_dir *d)
{
	int e = errno;

	if (d->tmp != -1)
		close(d->tmp);
	if (d->new != -1)
		close(d->new);
	d->tmp = d->new = -1;
	errno = e;
}

void
maildir_dir_forget(struct maildir_dir *d)
{
	d->hash = 0;
	buf_reset(&d->path);
	if (d->users == 0)
		close_dir(d);
}

void
maildir_dirs_close(struct maildir_dirs *dirs, int64_t ms)
{
	clock_ms before = clock_mono() - ms;

	for (size_t i = 0; i < MAILDIR_DIRS; i++) {
		struct maildir_dir *d = &dirs->v[i];

		if (d->tmp != -1 && d->users == 0 && d->opened <= before)
			maildir_dir_forget(d);
	}
}

bool
maildir_dirs_any(const struct maildir_dirs *dirs)
{
	for (size_t i = 0; i < MAILDIR_DIRS; i++)
		if (dirs->v[i].tmp != -1)
			return true;
	return false;
}

static struct maildir_dir *
find(struct maildir_dirs *dirs, struct span path, uint64_t h)
{
	for (size_t i = 0; i < MAILDIR_DIRS; i++) {
		struct maildir_dir *d = &dirs->v[i];

		if (d->tmp != -1 && d->hash == h &&
		    span_eq(buf_span(&d->path), path))
			return d;
	}
	return NULL;
}

/* A free one, or one that nobody uses. */
static struct maildir_dir *
find_free(struct maildir_dirs *dirs)
{
	for (size_t i = 0; i < MAILDIR_DIRS; i++) {
		size_t k = (dirs->next + i) % MAILDIR_DIRS;

		if (dirs->v[k].users == 0) {
			dirs->next = k + 1;
			return &dirs->v[k];
		}
	}
	return NULL;
}

/* A subdirectory, never through a symbolic link that somebody planted. */
static int
open_sub(int base, const char *name, bool create, bool *made)
{
	int fd = openat(base, name, OPEN_DIR | O_NOFOLLOW);

	if (fd != -1 || errno != ENOENT || !create)
		return fd;
	if (mkdirat(base, name, 0700) == 0)
		*made = true;
	else if (errno != EEXIST)
		return -1;
	return openat(base, name, OPEN_DIR | O_NOFOLLOW);
}

static int
open_subs(struct maildir_dir *d, int base, bool create)
{
	struct stat st;
	int cur;

	d->tmp = open_sub(base, "tmp", create, &d->fresh);
	if (d->tmp == -1)
		return -1;
	d->new = open_sub(base, "new", create, &d->fresh);
	if (d->new == -1 || fstat(d->new, &st) == -1)
		return -1;
	d->dev = st.st_dev;
	d->groups = is_group_fs(d->new);
	if (!d->fresh)
		return 0;
	/* We never use cur; its reader expects it. */
	if ((cur = open_sub(base, "cur", true, &d->fresh)) == -1)
		return -1;
	close(cur);
	return 0;
}

static enum maildir_dir_result
absent(const char *path, size_t fixed)
{
	struct buf part = {0};
	struct stat st;
	int r;

	buf_put(&part, fixed > 0 ? span_make(path, fixed) : SPAN("/"));
	r = stat(buf_cstr(&part), &st);
	buf_free(&part);
	if (r == -1)
		return MAILDIR_DIR_ERROR;
	/* A path that is the same for everybody names nobody unknown. */
	errno = ENOENT;
	return path[fixed] == '\0' ? MAILDIR_DIR_ERROR : MAILDIR_DIR_ABSENT;
}

enum maildir_dir_result
maildir_dir_open(struct maildir_dirs *dirs, struct span path, size_t fixed,
    bool create, struct maildir_dir **out)
{
	uint64_t h = maildir_hash(path);
	struct maildir_dir *d = find(dirs, path, h);
	const char *name;
	int base, r;

	if (d != NULL) {
		*out = d;
		return MAILDIR_DIR;
	}
	if ((d = find_free(dirs)) == NULL)
		return MAILDIR_DIR_FULL;
	maildir_dir_forget(d);
	buf_put(&d->path, path);
	name = buf_cstr(&d->path);
	d->fresh = false;
	base = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (base == -1 && errno == ENOENT) {
		if (!create)
			return absent(name, fixed);
		if (file_mkdirs(name) == -1)
			return MAILDIR_DIR_ERROR;
		d->fresh = true;
		base = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (base == -1)
		return MAILDIR_DIR_ERROR;
	r = open_subs(d, base, create);
	close(base);
	if (r == -1) {
		close_dir(d);
		return MAILDIR_DIR_ERROR;
	}
	d->hash = h;
	d->opened = clock_mono();
	*out = d;
	return MAILDIR_DIR;
}
