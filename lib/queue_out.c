/* queue_out: see queue_out.h; finding names is queue_scan.c's. */
#include "queue_out.h"
#include "spill.h"
#include "file.h"
#include "log.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAIL 4096 /* read at once; most trailers fit */

static enum queue_open_result
foreign(struct queue_out *o, const char *text)
{
	struct log l;

	log_open_at(&l, LOG_WARNING, "queue-foreign");
	log_str(&l, "name", o->path);
	log_str(&l, "text", text);
	log_send(&l);
	return QUEUE_FOREIGN;
}

/* Planted links, fifos, directories and other people's files are refused. */
static enum queue_open_result
check_file(struct queue_out *o, struct stat *st)
{
	if (fstat(o->fd, st) == -1)
		return QUEUE_TROUBLE;
	if (!S_ISREG(st->st_mode))
		return foreign(o, "not a regular file");
	if (st->st_uid != o->q->owner)
		return foreign(o, "wrong owner");
	if (st->st_nlink > 1)
		return foreign(o, "more than one link");
	if (st->st_mode & 022)
		return foreign(o, "others may write");
	return QUEUE_OPENED;
}

static enum queue_open_result
lock_file(struct queue_out *o, const struct stat *st)
{
	struct stat now;

	if (flock(o->fd, LOCK_EX | LOCK_NB) == -1)
		return errno == EWOULDBLOCK ? QUEUE_BUSY : QUEUE_TROUBLE;
	o->locked = true;
	/* Who had the lock before may have moved it on. */
	if (fstatat(o->q->fd, o->path, &now, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? QUEUE_GONE : QUEUE_TROUBLE;
	return now.st_ino == st->st_ino && now.st_dev == st->st_dev ?
	    QUEUE_OPENED : QUEUE_GONE;
}

static enum queue_open_result
damaged(const char **why, const char *text)
{
	*why = text;
	return QUEUE_DAMAGED;
}

static enum queue_open_result
parse_file(struct queue_out *o, uint64_t size, const char **why)
{
	char tail[TAIL];
	size_t n = size < TAIL ? (size_t)size : TAIL;
	uint64_t offset, length;
	char *p;

	if (n < ENVELOPE_FOOTER_SIZE)
		return damaged(why, "no footer");
	if (file_pread_all(o->fd, tail, n, (off_t)(size - n)) == -1)
		return QUEUE_TROUBLE;
	*why = envelope_parse_footer(
	    span_make(tail + n - ENVELOPE_FOOTER_SIZE, ENVELOPE_FOOTER_SIZE),
	    size, &offset, &length);
	if (*why != NULL)
		return QUEUE_DAMAGED;
	p = arena_alloc(&o->arena, (size_t)length);
	if (length + ENVELOPE_FOOTER_SIZE <= n)
		memcpy(p, tail + n - ENVELOPE_FOOTER_SIZE - length,
		    (size_t)length);
	else if (file_pread_all(o->fd, p, (size_t)length, (off_t)offset) == -1)
		return QUEUE_TROUBLE;
	*why = envelope_parse(span_make(p, (size_t)length), &o->arena,
	    &o->env);
	if (*why == NULL && !span_eq(o->env.id, span_of(o->name.id)))
		*why = "the id inside is not the name's";
	if (*why != NULL)
		return QUEUE_DAMAGED;
	o->size = offset;
	o->trailer = length;
	return QUEUE_OPENED;
}

enum queue_open_result
queue_out_open(struct queue_out *o, struct queue *q,
    const struct queue_name *name, bool lock, const char **why)
{
	enum queue_open_result r;
	struct stat st;

	o->q = q;
	o->name = *name;
	o->mark_fd = -1;
	o->size = o->trailer = 0;
	o->locked = o->rewritten = false;
	queue_name_path(name, o->path);
	arena_reset(&o->arena);
	*why = NULL;
	o->fd = openat(q->fd, o->path,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (o->fd == -1) {
		if (errno == ENOENT)
			return QUEUE_GONE;
		return errno == ELOOP || errno == ENXIO ?
		    foreign(o, "not a regular file") : QUEUE_TROUBLE;
	}
	r = check_file(o, &st);
	if (r == QUEUE_OPENED && lock)
		r = lock_file(o, &st);
	if (r == QUEUE_OPENED)
		r = parse_file(o, (uint64_t)st.st_size, why);
	if (r != QUEUE_OPENED && r != QUEUE_DAMAGED) {
		int e = errno;

		queue_out_close(o);
		errno = e;
	}
	return r;
}

static int
open_for_marks(struct queue_out *o)
{
	struct stat a, b;

	if (o->mark_fd != -1)
		return 0;
	o->mark_fd = openat(o->q->fd, o->path,
	    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (o->mark_fd == -1)
		return -1;
	if (fstat(o->fd, &a) == 0 && fstat(o->mark_fd, &b) == 0 &&
	    a.st_ino == b.st_ino && a.st_dev == b.st_dev)
		return 0;
	close(o->mark_fd);
	o->mark_fd = -1;
	errno = ESTALE;
	return -1;
}

static int
mark(struct queue_out *o, size_t offset, char state)
{
	ssize_t n;

	if (open_for_marks(o) == -1)
		return -1;
	do
		n = pwrite(o->mark_fd, &state, 1, (off_t)(o->size + offset));
	while (n == -1 && errno == EINTR);
	return n == 1 ? 0 : -1;
}

int
queue_out_mark(struct queue_out *o, size_t rcpt, char state)
{
	struct envelope_rcpt *r = &o->env.rcpts[rcpt];

	if (mark(o, r->offset, state) == -1)
		return -1;
	r->state = state;
	return 0;
}

int
queue_out_mark_postq(struct queue_out *o, char state)
{
	if (mark(o, o->env.postq_offset, state) == -1)
		return -1;
	o->env.postq = state;
	return 0;
}

/* The file and its name. fdatasync(2) would not do: a rename over another file
 * is in the inode's log, too, but not for it. */
static int
sync_named(struct queue *q, int fd, const char *path)
{
	char dir[QUEUE_NAME_MAX];

	if (fsync(fd) == -1)
		return -1;
	if (queue_commits_name(q, fd))
		return 0;
	snprintf(dir, sizeof dir, "%.*s",
	    (int)span_rchr(span_of(path), '/'), path);
	return queue_sync_dir(q, dir);
}

static int
sync_rewritten(struct queue_out *o)
{
	if (sync_named(o->q, o->mark_fd, o->path) == -1)
		return -1;
	o->rewritten = false;
	return 0;
}

int
queue_out_sync(struct queue_out *o)
{
	if (o->mark_fd == -1)
		return 0;
	return o->rewritten ? sync_rewritten(o) : fdatasync(o->mark_fd);
}

static void
history_path(const char *id, char out[QUEUE_NAME_MAX])
{
	size_t n = strlen(id);

	snprintf(out, QUEUE_NAME_MAX, "log/%s/%s", id + (n > 2 ? n - 2 : 0),
	    id);
}

/* Is there a history of anybody? Many queues deliver at once and have none:
 * then no removal of a new entry asks for one. */
static bool
has_histories(struct queue *q)
{
	if (q->has_log == -1)
		q->has_log = faccessat(q->fd, "log", F_OK, 0) == 0;
	return q->has_log == 1;
}

int
queue_out_remove(struct queue_out *o)
{
	char path[QUEUE_NAME_MAX];

	/* First, so that a crash leaves no history of nothing. Also for an
	 * entry in new/: a runner may have died between its line in the
	 * history and its rename. */
	if (strcmp(o->name.place, "new") != 0 || has_histories(o->q)) {
		history_path(o->name.id, path);
		unlinkat(o->q->fd, path, 0);
	}
	if (unlinkat(o->q->fd, o->path, 0) == -1)
		return -1;
	if (o->q->spill != NULL)
		spill_remove(o->q->spill, span_of(o->name.id));
	/* Nobody can find it any more: the lock need not be given up. */
	o->locked = false;
	return 0;
}

static int
move_to(struct queue_out *o, const char *path)
{
	if (strcmp(path, o->path) == 0)
		return 0;
	if (queue_rename(o->q, o->path, path) == -1)
		return -1;
	memcpy(o->path, path, strlen(path) + 1);
	return 0;
}

int
queue_out_due(struct queue_out *o, int64_t due, unsigned attempts)
{
	char path[QUEUE_NAME_MAX];

	queue_due_name(due, attempts, o->name.id, path);
	if (move_to(o, path) == -1)
		return -1;
	o->name.place = "due";
	o->name.due = due;
	o->name.attempts = attempts;
	return 0;
}

int
queue_out_move(struct queue_out *o, const char *place)
{
	char path[QUEUE_NAME_MAX];

	snprintf(path, sizeof path, "%s/%s", place, o->name.id);
	if (move_to(o, path) == -1)
		return -1;
	o->name.place = place;
	o->name.due = 0;
	return 0;
}

void
queue_out_close(struct queue_out *o)
{
	if (o->mark_fd != -1)
		close(o->mark_fd);
	if (o->fd != -1) {
		/* Explicitly: an agent may still hold a copy of this fd, whose
		 * lock is the same one. */
		if (o->locked)
			flock(o->fd, LOCK_UN);
		close(o->fd);
	}
	o->fd = o->mark_fd = -1;
	o->locked = false;
}

void
queue_out_free(struct queue_out *o)
{
	arena_free(&o->arena);
}

void
queue_history(struct queue *q, const char *id, struct span lines)
{
	char path[QUEUE_NAME_MAX];
	int fd;

	history_path(id, path);
	q->has_log = 1;
	fd = queue_openat(q, path,
	    O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK);
	if (fd == -1 || file_write_all(fd, lines) == -1)
		log_warn("queue-history", "%s: %s", path, strerror(errno));
	if (fd != -1)
		close(fd);
}

int
queue_history_durable(struct queue *q, const char *id, struct span lines)
{
	char path[QUEUE_NAME_MAX];
	int fd, r, e;

	history_path(id, path);
	q->has_log = 1;
	fd = queue_openat(q, path,
	    O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK);
	if (fd == -1)
		return -1;
	r = file_write_all(fd, lines);
	if (r == 0)
		r = sync_named(q, fd, path);
	e = errno;
	close(fd);
	errno = e;
	return r;
}

int
queue_history_read(struct queue *q, const char *id, struct buf *out)
{
	char path[QUEUE_NAME_MAX];

	history_path(id, path);
	return file_read_at(q->fd, path, 16u << 20, out);
}

int
queue_history_end(struct queue *q, const char *id, struct buf *out)
{
	char path[QUEUE_NAME_MAX];
	struct stat st;
	size_t n;
	int fd, r = -1, e;

	history_path(id, path);
	fd = openat(q->fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	if (fd == -1)
		return -1;
	errno = EINVAL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		n = st.st_size < TAIL ? (size_t)st.st_size : TAIL;
		r = file_pread_all(fd, buf_reserve(out, TAIL), n,
		    st.st_size - (off_t)n);
		if (r == 0)
			out->n += n;
	}
	e = errno;
	close(fd);
	errno = e;
	return r;
}
