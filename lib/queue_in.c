/* queue_in: see queue_in.h. */
#include "queue_in.h"
#include "file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECT 32768 /* runs of this size are written without a copy */

static void
set_path(struct queue_in *in)
{
	memcpy(in->path, "tmp/", 4);
	memcpy(in->path + 4, in->id, strlen(in->id) + 1);
}

/*
 * Between our open and our flock a sweeper may have seen a file without a
 * lock and removed it: then the name is not ours any more.
 */
static bool
is_ours(int fd)
{
	struct stat st;

	return flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 &&
	    st.st_nlink == 1;
}

int
queue_in_open(struct queue_in *in, struct queue *q)
{
	in->q = q;
	in->error = 0;
	in->size = 0;
	in->due = 0;
	in->pending = 0;
	for (int tries = 0; tries < 5; tries++) {
		set_path(in);
		in->fd = queue_openat(q, in->path,
		    O_RDWR | O_CREAT | O_EXCL);
		if (in->fd == -1 && errno != EEXIST)
			return -1;
		if (in->fd != -1 && is_ours(in->fd))
			return 0;
		/* O_EXCL made the name ours: if a sweeper has not removed it,
		 * nobody else will soon. */
		if (in->fd != -1) {
			unlinkat(q->fd, in->path, 0);
			close(in->fd);
		}
		in->fd = -1;
		id_make(in->id);
	}
	errno = EAGAIN;
	return -1;
}

static void
write_out(struct queue_in *in, struct span s)
{
	if (in->error == 0 && file_write_all(in->fd, s) == -1)
		in->error = errno;
}

static void
write_pending(struct queue_in *in)
{
	write_out(in, span_make(in->buffer, in->pending));
	in->pending = 0;
}

static void
append(struct queue_in *in, struct span s)
{
	if (in->pending == 0 && s.n >= DIRECT) {
		write_out(in, s);
		return;
	}
	while (s.n > 0) {
		size_t k = sizeof in->buffer - in->pending;

		if (k > s.n)
			k = s.n;
		memcpy(in->buffer + in->pending, s.p, k);
		in->pending += k;
		s = span_skip(s, k);
		if (in->pending == sizeof in->buffer)
			write_pending(in);
	}
}

void
queue_in_write(struct queue_in *in, struct span s)
{
	in->size += s.n;
	append(in, s);
}

int
queue_in_replace(struct queue_in *in, struct span s)
{
	bool written = in->pending != in->size;

	in->pending = 0;
	in->size = 0;
	if (in->error == 0 && written && (ftruncate(in->fd, 0) == -1 ||
	    lseek(in->fd, 0, SEEK_SET) == -1))
		in->error = errno;
	queue_in_write(in, s);
	errno = in->error;
	return in->error == 0 ? 0 : -1;
}

int
queue_in_flush(struct queue_in *in)
{
	write_pending(in);
	if (in->error == 0)
		return 0;
	errno = in->error;
	return -1;
}

static const char *
dir_of(const char *path, char dir[QUEUE_NAME_MAX])
{
	snprintf(dir, QUEUE_NAME_MAX, "%.*s",
	    (int)span_rchr(span_of(path), '/'), path);
	return dir;
}

/* Step 3 to 5 of the commit: content on its way, the name, the fsync. */
static int
make_durable(struct queue_in *in, const char *path)
{
	char dir[QUEUE_NAME_MAX];

	/* The content is on its way before the name is, so that a power cut
	 * leaves no short file under a final name; only an order hint. */
	sync_file_range(in->fd, 0, 0,
	    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
		SYNC_FILE_RANGE_WAIT_AFTER);
	if (queue_rename(in->q, in->path, path) == -1)
		return -1;
	/* Its result is final: after an error the pages count as clean, and
	 * a second fsync would say 0. */
	if (fsync(in->fd) == 0 && (queue_commits_name(in->q, in->fd) ||
	    queue_sync_dir(in->q, dir_of(path, dir)) == 0))
		return 0;
	int e = errno;
	unlinkat(in->q->fd, path, 0);
	errno = e;
	return -1;
}

static void
unlock_and_close(struct queue_in *in)
{
	/* Explicitly: the close of a watcher's inotify event comes after. */
	flock(in->fd, LOCK_UN);
	close(in->fd);
	in->fd = -1;
}

int
queue_in_commit(struct queue_in *in, struct envelope *env, const char *place)
{
	char path[QUEUE_NAME_MAX];
	struct buf trailer = {0};

	env->id = span_of(in->id);
	envelope_format(env, in->size, &trailer);
	/* No reader takes more: it would be acknowledged and never read. */
	if (trailer.n > ENVELOPE_TRAILER_MAX + ENVELOPE_FOOTER_SIZE &&
	    in->error == 0)
		in->error = EFBIG;
	append(in, buf_span(&trailer));
	buf_free(&trailer);
	if (in->due > 0)
		queue_due_name(in->due, 1, in->id, path);
	else
		snprintf(path, sizeof path, "%s/%s", place, in->id);
	if (queue_in_flush(in) == -1 || make_durable(in, path) == -1) {
		queue_in_abort(in);
		return -1;
	}
	unlock_and_close(in);
	return 0;
}

void
queue_in_abort(struct queue_in *in)
{
	int e = errno;

	if (in->fd != -1) {
		unlinkat(in->q->fd, in->path, 0);
		unlock_and_close(in);
	}
	in->pending = 0;
	errno = e;
}
