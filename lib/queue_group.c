/* queue_group: see queue_group.h. */
#include "queue_group.h"
#include "file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define SLOW_BLOCK 32768

/* "tmp/X" or "new/ID" */
static void
dir_path(const struct queue_group *g, char out[QUEUE_NAME_MAX])
{
	snprintf(out, QUEUE_NAME_MAX, "%s/%s", g->visible ? "new" : "tmp",
	    g->visible ? g->in->id : g->id);
}

/* Ours, and still there: a sweeper may have been between mkdir and flock. */
static int
open_dir(struct queue_group *g, const char *path)
{
	struct stat st;

	if (mkdirat(g->q->fd, path, 0700) == -1)
		return -1;
	g->fd = openat(g->q->fd, path,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (g->fd != -1 && flock(g->fd, LOCK_EX | LOCK_NB) == 0 &&
	    fstat(g->fd, &st) == 0 && st.st_nlink > 0)
		return 0;
	unlinkat(g->q->fd, path, AT_REMOVEDIR);
	if (g->fd != -1)
		close(g->fd);
	g->fd = -1;
	errno = EAGAIN;
	return -1;
}

int
queue_group_open(struct queue_group *g, struct queue_in *in)
{
	char path[QUEUE_NAME_MAX];

	*g = (struct queue_group){.q = in->q, .in = in, .fd = -1};
	if (in->pending == in->size)
		g->whole = span_make(in->buffer, in->pending);
	else if (queue_in_flush(in) == -1)
		return -1;
	if (in->error != 0) {
		errno = in->error;
		return -1;
	}
	for (int tries = 0; tries < 5; tries++) {
		id_make(g->id);
		dir_path(g, path);
		if (open_dir(g, path) == 0)
			return 0;
		if (errno != EAGAIN && errno != EEXIST)
			return -1;
	}
	return -1;
}

/*
 * A member's name says where it goes: its path below the queue with '=' for
 * each '/', and without a "new=" in front.
 */
static void
member_name(const struct envelope *env, const char *place, int64_t due,
    char out[QUEUE_NAME_MAX])
{
	char id[ID_SIZE];

	snprintf(id, sizeof id, "%.*s", SPAN_ARG(env->id));
	if (due > 0)
		queue_due_name(due, 1, id, out);
	else if (strcmp(place, "new") == 0)
		snprintf(out, QUEUE_NAME_MAX, "%s", id);
	else
		snprintf(out, QUEUE_NAME_MAX, "%s/%s", place, id);
	for (char *p = out; *p != '\0'; p++)
		if (*p == '/')
			*p = '=';
}

/* Both, in one call where the kernel lets us. */
static int
write_both(int fd, struct span a, struct span b)
{
	struct iovec v[2] = {{(void *)(uintptr_t)a.p, a.n},
	    {(void *)(uintptr_t)b.p, b.n}};
	ssize_t n;

	do
		n = writev(fd, v, 2);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return -1;
	if (file_write_all(fd, span_skip(a, (size_t)n)) == -1)
		return -1;
	return file_write_all(fd, span_skip(b,
	    (size_t)n > a.n ? (size_t)n - a.n : 0));
}

/* By hand, where the kernel cannot. */
static int
copy_slowly(int from, int to, off_t at, uint64_t size)
{
	char buffer[SLOW_BLOCK];

	while ((uint64_t)at < size) {
		size_t n = sizeof buffer;

		if (n > size - (uint64_t)at)
			n = (size_t)(size - (uint64_t)at);
		if (file_pread_all(from, buffer, n, at) == -1 ||
		    file_write_all(to, span_make(buffer, n)) == -1)
			return -1;
		at += (off_t)n;
	}
	return 0;
}

/* The kernel copies, or shares the blocks where the filesystem can. */
static int
copy(int from, int to, uint64_t size)
{
	off_t at = 0;

	while ((uint64_t)at < size) {
		ssize_t n = copy_file_range(from, &at, to, NULL,
		    (size_t)(size - (uint64_t)at), 0);

		if (n > 0 || (n == -1 && errno == EINTR))
			continue;
		if (n == -1 && errno != ENOSYS && errno != EXDEV &&
		    errno != EOPNOTSUPP && errno != EINVAL)
			return -1;
		return copy_slowly(from, to, at, size);
	}
	return 0;
}

/*
 * Its content is on the disk: 0. The directory's fsync says nothing about
 * that of its files, so an error counts here; where it does not carry their
 * names either, each file has an fsync of its own.
 */
static int
settle(struct queue_group *g, int fd)
{
	if (!queue_commits_name(g->q, fd))
		return fsync(fd);
	return sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE |
	    SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
}

static int
settle_all(struct queue_group *g)
{
	int r = 0, e = 0;

	for (size_t i = 0; i < g->nfds; i++) {
		if (r == 0 && settle(g, g->fds[i]) == -1) {
			r = -1;
			e = errno;
		}
		close(g->fds[i]);
	}
	g->nfds = 0;
	errno = e;
	return r;
}

/* Trailer and footer; no reader takes longer ones. */
static int
format(struct envelope *env, uint64_t size, struct buf *out)
{
	envelope_format(env, size, out);
	if (out->n <= ENVELOPE_TRAILER_MAX + ENVELOPE_FOOTER_SIZE)
		return 0;
	errno = EFBIG;
	return -1;
}

static int
fill(struct queue_group *g, int to, struct envelope *env, struct span whole)
{
	uint64_t size = whole.p != NULL ? whole.n : g->in->size;
	struct buf trailer = {0};
	int r = format(env, size, &trailer);

	if (r == 0 && whole.p == NULL)
		r = copy(g->in->fd, to, size);
	if (r == 0)
		r = write_both(to, whole, buf_span(&trailer));
	buf_free(&trailer);
	return r;
}

static void
note_name(struct queue_group *g, const char *name)
{
	buf_put(&g->names, span_make(name, strlen(name) + 1));
}

int
queue_group_add(struct queue_group *g, struct envelope *env,
    const char *place, int64_t due, struct span other)
{
	char name[QUEUE_NAME_MAX];
	int to;

	member_name(env, place, due, name);
	/* The first one has the file that is there; it gets its trailer last,
	 * after all copies of it. */
	if (other.p == NULL && g->own == NULL) {
		g->own = env;
		memcpy(g->own_name, name, sizeof name);
		return 0;
	}
	if (g->nfds == QUEUE_GROUP_FDS && settle_all(g) == -1)
		return -1;
	to = openat(g->fd, name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to == -1)
		return -1;
	note_name(g, name);
	g->fds[g->nfds++] = to;
	if (other.p == NULL)
		other = g->whole;
	if (fill(g, to, env, other) == -1)
		return -1;
	/* On its way while the next ones are written; settle() waits. */
	if (queue_commits_name(g->q, to))
		sync_file_range(to, 0, 0, SYNC_FILE_RANGE_WRITE);
	return 0;
}

/* The message's own file becomes the first member. */
static int
add_own(struct queue_group *g)
{
	struct queue_in *in = g->in;
	struct buf trailer = {0};
	int r;

	if (g->own == NULL) {
		queue_in_abort(in);
		return 0;
	}
	r = format(g->own, in->size, &trailer);
	if (r == 0)
		r = write_both(in->fd, g->whole, buf_span(&trailer));
	buf_free(&trailer);
	if (r == -1 ||
	    renameat(g->q->fd, in->path, g->fd, g->own_name) == -1)
		return -1;
	note_name(g, g->own_name);
	in->pending = 0;
	return settle(g, in->fd);
}

static int
make_visible(struct queue_group *g)
{
	char from[QUEUE_NAME_MAX], to[QUEUE_NAME_MAX];

	dir_path(g, from);
	snprintf(to, sizeof to, "new/%s", g->in->id);
	if (queue_rename(g->q, from, to) == -1)
		return -1;
	g->visible = true;
	/* Its result is final, as a file's. */
	if (fsync(g->fd) == -1)
		return -1;
	return queue_commits_name(g->q, g->fd) ? 0 :
						 queue_sync_dir(g->q, "new");
}

/* Each to its place. What cannot go there now stays for a runner: the
 * message is ours either way. */
static void
spread(struct queue_group *g)
{
	struct span rest = buf_span(&g->names);
	char dir[QUEUE_NAME_MAX], to[QUEUE_NAME_MAX];

	dir_path(g, dir);
	for (; rest.n > 0; rest = span_skip(rest, strlen(rest.p) + 1))
		if (queue_member_path(rest.p, to))
			queue_rename_from(g->q, g->fd, rest.p, to);
	unlinkat(g->q->fd, dir, AT_REMOVEDIR);
}

static void
finish(struct queue_group *g)
{
	if (g->in->fd != -1) {
		flock(g->in->fd, LOCK_UN);
		close(g->in->fd);
		g->in->fd = -1;
	}
	if (g->fd != -1) {
		flock(g->fd, LOCK_UN);
		close(g->fd);
		g->fd = -1;
	}
	buf_free(&g->names);
}

int
queue_group_commit(struct queue_group *g)
{
	if (add_own(g) == -1 || settle_all(g) == -1 ||
	    make_visible(g) == -1) {
		queue_group_abort(g);
		return -1;
	}
	/* A runner may have it as soon as it is in its place. */
	if (g->in->fd != -1)
		flock(g->in->fd, LOCK_UN);
	spread(g);
	finish(g);
	return 0;
}

void
queue_group_abort(struct queue_group *g)
{
	char dir[QUEUE_NAME_MAX], from[QUEUE_NAME_MAX];
	struct span rest = buf_span(&g->names);
	int e = errno;

	for (size_t i = 0; i < g->nfds; i++)
		close(g->fds[i]);
	g->nfds = 0;
	/* First of all out of sight, in one step. */
	if (g->visible) {
		dir_path(g, from);
		g->visible = false;
		dir_path(g, dir);
		if (renameat(g->q->fd, from, g->q->fd, dir) == -1)
			g->visible = true;
	}
	while (g->fd != -1 && rest.n > 0) {
		unlinkat(g->fd, rest.p, 0);
		rest = span_skip(rest, strlen(rest.p) + 1);
	}
	dir_path(g, dir);
	if (g->fd != -1)
		unlinkat(g->q->fd, dir, AT_REMOVEDIR);
	queue_in_abort(g->in);
	finish(g);
	errno = e;
}
