/*
 * queue_rewrite: an entry with another content (queue_out.h). The new file is
 * complete and durable before it takes the name, for the name stands for mail
 * that was acknowledged: after a cut at any point it is the old content or
 * the new one.
 */
#include "file.h"
#include "queue_out.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 65536

struct rewrite {
	struct queue_out *o;
	char tmp[QUEUE_NAME_MAX];
	int fd;		/* the new file, for writing */
	int lock;	/* the same, read-only, with the lock */
};

static bool
is_ours(int fd)
{
	struct stat st;

	return flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 &&
	    st.st_nlink == 1;
}

/*
 * tmp/ID: who has the entry's lock is the only one to make it, so what lies
 * there is what a killed runner left, or a sweeper's prey.
 */
static int
open_new(struct rewrite *w)
{
	struct queue *q = w->o->q;

	snprintf(w->tmp, sizeof w->tmp, "tmp/%s", w->o->name.id);
	for (int tries = 0; tries < 5; tries++) {
		w->fd = queue_openat(q, w->tmp, O_RDWR | O_CREAT | O_EXCL);
		if (w->fd != -1 && is_ours(w->fd))
			return 0;
		if (w->fd == -1 && errno != EEXIST)
			return -1;
		if (w->fd != -1)
			close(w->fd);
		w->fd = -1;
		unlinkat(q->fd, w->tmp, 0);
	}
	errno = EAGAIN;
	return -1;
}

static int
copy_message(struct rewrite *w)
{
	uint64_t left = w->o->size;
	off_t from = 0;
	char block[BLOCK];

	while (left > 0) {
		size_t n = left < BLOCK ? (size_t)left : BLOCK;
		ssize_t k = copy_file_range(w->o->fd, &from, w->fd, NULL,
		    left, 0);

		if (k > 0) {
			left -= (uint64_t)k;
			continue;
		}
		/* Not between these file systems, or not at all. */
		if (file_pread_all(w->o->fd, block, n, from) == -1 ||
		    file_write_all(w->fd, span_make(block, n)) == -1)
			return -1;
		from += (off_t)n;
		left -= n;
	}
	return 0;
}

/* Its size as a message, or -1 and errno. */
static int64_t
write_new(struct rewrite *w, struct envelope *env, struct span data,
    uint64_t *trailer)
{
	uint64_t size = data.p != NULL ? data.n : w->o->size;
	struct buf text = {0};
	int r;

	envelope_format(env, size, &text);
	*trailer = text.n - ENVELOPE_FOOTER_SIZE;
	if (*trailer > ENVELOPE_TRAILER_MAX) {
		buf_free(&text);
		errno = EFBIG;
		return -1;
	}
	r = data.p != NULL ? file_write_all(w->fd, data) : copy_message(w);
	if (r == 0)
		r = file_write_all(w->fd, buf_span(&text));
	buf_free(&text);
	if (r == 0)
		r = fsync(w->fd);
	return r == 0 ? (int64_t)size : -1;
}

/*
 * The descriptor that keeps the lock goes to agents, and must not be one they
 * can write to. A sweeper may come in between: then the file is gone.
 */
static int
lock_new(struct rewrite *w)
{
	w->lock = openat(w->o->q->fd, w->tmp,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (w->lock == -1)
		return -1;
	flock(w->fd, LOCK_UN);
	if (is_ours(w->lock))
		return 0;
	errno = EAGAIN;
	return -1;
}

static void
take_over(struct rewrite *w, struct envelope *env, int64_t size,
    uint64_t trailer)
{
	struct queue_out *o = w->o;

	if (o->mark_fd != -1)
		close(o->mark_fd);
	flock(o->fd, LOCK_UN);
	close(o->fd);
	o->fd = w->lock;
	o->mark_fd = w->fd;
	o->size = (uint64_t)size;
	o->trailer = trailer;
	o->env = *env;
}

int
queue_out_rewrite(struct queue_out *o, struct envelope *env, struct span data)
{
	struct rewrite w = {.o = o, .fd = -1, .lock = -1};
	uint64_t trailer;
	int64_t size;

	if (open_new(&w) == -1)
		return -1;
	size = write_new(&w, env, data, &trailer);
	if (size == -1 || lock_new(&w) == -1 ||
	    renameat(o->q->fd, w.tmp, o->q->fd, o->path) == -1) {
		int e = errno;

		unlinkat(o->q->fd, w.tmp, 0);
		close(w.fd);
		if (w.lock != -1)
			close(w.lock);
		errno = e;
		return -1;
	}
	take_over(&w, env, size, trailer);
	o->rewritten = true;
	return 0;
}
