/* queue: see queue.h. */
#include "queue.h"
#include "file.h"
#include "num.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define EXT4_MAGIC 0xef53
#define XFS_MAGIC  0x58465342

/* Root's files in somebody's queue would be foreign to every reader. */
static int
become(uid_t owner, gid_t group)
{
	if (geteuid() != 0 || owner == 0)
		return 0;
	if (setgroups(1, &group) == -1 || setgid(group) == -1 ||
	    setuid(owner) == -1)
		return -1;
	return 0;
}

static int
open_dir(const char *dir)
{
	return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int
sync_parent(int fd)
{
	int parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (parent == -1)
		return -1;
	if (fsync(parent) == 0) {
		close(parent);
		return 0;
	}
	int e = errno;
	close(parent);
	errno = e;
	return -1;
}

int
queue_open(struct queue *q, const char *dir)
{
	struct stat st;

	q->dir = dir;
	q->commits_name = -1;
	q->has_log = -1;
	q->spill = NULL;
	q->fd = open_dir(dir);
	if (q->fd == -1 && errno == ENOENT) {
		if (file_mkdirs(dir) == -1 || (q->fd = open_dir(dir)) == -1)
			return -1;
		if (sync_parent(q->fd) == -1) {
			close(q->fd);
			q->fd = -1;
			rmdir(dir);
			return -1;
		}
	}
	if (q->fd == -1)
		return -1;
	if (fstat(q->fd, &st) == 0 && become(st.st_uid, st.st_gid) == 0) {
		q->owner = st.st_uid;
		q->group = st.st_gid;
		return 0;
	}
	close(q->fd);
	q->fd = -1;
	return -1;
}

/* mkdir(2), made durable in the directory above it. */
static int
make_dir(struct queue *q, const char *path)
{
	char above[QUEUE_NAME_MAX];
	size_t slash = span_rchr(span_of(path), '/');

	if (mkdirat(q->fd, path, 0700) == -1)
		return errno == EEXIST ? 0 : -1;
	if (path[slash] == '\0') {
		if (fsync(q->fd) == 0)
			return 0;
	} else {
		memcpy(above, path, slash);
		above[slash] = '\0';
		if (queue_sync_dir(q, above) == 0)
			return 0;
	}
	/* Not known to last: the next one who needs it tries again. */
	int e = errno;
	unlinkat(q->fd, path, AT_REMOVEDIR);
	errno = e;
	return -1;
}

/* Makes the directories that path needs. */
static int
make_parents(struct queue *q, const char *path)
{
	char part[QUEUE_NAME_MAX];
	size_t n = strlen(path);

	if (n >= sizeof part) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(part, path, n + 1);
	for (size_t i = 1; i < n; i++) {
		if (part[i] != '/')
			continue;
		part[i] = '\0';
		if (make_dir(q, part) == -1)
			return -1;
		part[i] = '/';
	}
	return 0;
}

int
queue_openat(struct queue *q, const char *path, int flags)
{
	int fd;

	flags |= O_CLOEXEC | O_NOFOLLOW;
	fd = openat(q->fd, path, flags, 0600);
	if (fd != -1 || errno != ENOENT ||
	    (flags & (O_CREAT | O_DIRECTORY)) == 0)
		return fd;
	if (make_parents(q, path) == -1)
		return -1;
	if ((flags & O_DIRECTORY) && make_dir(q, path) == -1)
		return -1;
	return openat(q->fd, path, flags, 0600);
}

int
queue_rename_from(struct queue *q, int fd, const char *from, const char *to)
{
	if (renameat(fd, from, q->fd, to) == 0)
		return 0;
	/* ENOENT is about one of the two: only the destination's directory
	 * can be helped. */
	if (errno != ENOENT || make_parents(q, to) == -1)
		return -1;
	return renameat(fd, from, q->fd, to);
}

int
queue_rename(struct queue *q, const char *from, const char *to)
{
	return queue_rename_from(q, q->fd, from, to);
}

int
queue_sync_dir(struct queue *q, const char *path)
{
	int fd = openat(q->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r, e;

	if (fd == -1)
		return -1;
	r = fsync(fd);
	e = errno;
	close(fd);
	errno = e;
	return r;
}

bool
queue_commits_name(struct queue *q, int fd)
{
	struct statfs fs;

	if (q->commits_name == -1)
		q->commits_name = fstatfs(fd, &fs) == 0 &&
		    ((unsigned long)fs.f_type == EXT4_MAGIC ||
			(unsigned long)fs.f_type == XFS_MAGIC);
	return q->commits_name == 1;
}

/* n digits, zeros in front. */
static void
put_digits(char *p, size_t n, uint64_t v, unsigned base)
{
	while (n > 0) {
		p[--n] = "0123456789abcdef"[v % base];
		v /= base;
	}
}

void
queue_due_name(int64_t due, unsigned attempts, const char *id,
    char out[QUEUE_NAME_MAX])
{
	size_t length = strnlen(id, ID_SIZE - 1), width = 1;

	if (due < 0)
		due = 0;
	if (due > 9999999999)
		due = 9999999999;
	/* A look at a million names makes a million of these. */
	memcpy(out, "due/", 4);
	put_digits(out + 4, 8, (uint64_t)due / QUEUE_BUCKET, 16);
	out[12] = '/';
	put_digits(out + 13, 10, (uint64_t)due, 10);
	out[23] = ',';
	for (unsigned n = attempts; n > 9; n /= 10)
		width++;
	put_digits(out + 24, width, attempts, 10);
	out[24 + width] = ',';
	memcpy(out + 25 + width, id, length);
	out[25 + width + length] = '\0';
}

bool
queue_due_parse(struct span name, int64_t *due, unsigned *attempts,
    struct span *id)
{
	struct span t, n;
	uint64_t tv, nv;

	if (!span_cut(&name, ',', &t) || t.n != 10 ||
	    num_parse_u64(t, &tv) == -1 || !span_cut(&name, ',', &n) ||
	    num_parse_max(n, 1000000, &nv) == -1 || name.p == NULL ||
	    !id_valid(name))
		return false;
	*due = (int64_t)tv;
	*attempts = (unsigned)nv;
	*id = name;
	return true;
}

/* "due/BBBBBBBB/TTTTTTTTTT,N,ID", and nothing but what we would write. */
static bool
is_due_path(const char *path)
{
	char again[QUEUE_NAME_MAX];
	unsigned attempts;
	struct span id;
	int64_t due;

	if (strlen(path) < sizeof "due/BBBBBBBB" ||
	    !queue_due_parse(span_of(path + sizeof "due/BBBBBBBB"), &due,
		&attempts, &id))
		return false;
	queue_due_name(due, attempts, id.p, again);
	return strcmp(again, path) == 0;
}

bool
queue_member_path(const char *name, char out[QUEUE_NAME_MAX])
{
	struct span rest, first;
	size_t n = strlen(name);

	if (id_valid(span_of(name))) {
		snprintf(out, QUEUE_NAME_MAX, "new/%.*s", ID_SIZE, name);
		return true;
	}
	if (n >= QUEUE_NAME_MAX || memchr(name, '/', n) != NULL)
		return false;
	for (size_t i = 0; i <= n; i++)
		out[i] = name[i] == '=' ? '/' : name[i];
	rest = span_of(out);
	span_cut(&rest, '/', &first);
	if (rest.p == NULL)
		return false;
	if (span_eq(first, SPAN("due")))
		return is_due_path(out);
	if (span_eq(first, SPAN("hold")))
		return id_valid(rest);
	if (!span_eq(first, SPAN("quarantine")))
		return false;
	span_cut(&rest, '/', &first);
	return queue_place_valid(first) && rest.p != NULL && id_valid(rest);
}

bool
queue_place_valid(struct span name)
{
	if (name.n == 0 || name.n > 64 || name.p[0] == '.')
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!ascii_isalnum(name.p[i]) &&
		    memchr("._-", name.p[i], 3) == NULL)
			return false;
	return true;
}
