/* rate: see rate.h. */
#include "rate.h"
#include "buf.h"
#include "clock.h"
#include "dest_file.h"
#include "escape.h"
#include "file.h"
#include "log.h"
#include "num.h"
#include "queue_dir.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC	   "smtpe-rate 1 "
#define LINE_MOST  4096
#define NAME_SHOWN 1000		      /* octets of a name, for people */
#define SPREAD	   INT64_C(3600000000) /* those who wait, at least */
#define TRIES	   100		      /* for the lock, a millisecond each */
#define SWEEP_MOST 256		      /* files that a run looks at */

bool
rate_step(struct rate_state *s, uint64_t rate, int64_t rate_ms, int64_t now,
    int64_t *when)
{
	int64_t step = rate_ms * 1000 / (int64_t)rate;
	int64_t all = step * (int64_t)rate;
	int64_t spread = 10 * all > SPREAD ? 10 * all : SPREAD;
	int64_t token;

	/* More than empty it is only by a clock that was wrong, or a rate
	 * that was lower. */
	if (s->full > now + all)
		s->full = now + all;
	if (s->full < now)
		s->full = now;
	token = s->full + step - all;
	if (token <= now) {
		s->full += step;
		return true;
	}
	if (*when > now)
		return false;
	/* One behind the other; from the beginning when that is too far, for
	 * those who were given a time may be gone. */
	if (s->last < token - step || s->last + step > now + spread)
		s->last = token - step;
	s->last += step;
	*when = s->last;
	return false;
}

static void
parse(struct span line, struct rate_state *s)
{
	struct span full, last, magic = SPAN(MAGIC);
	uint64_t f, l;

	if (line.n <= magic.n || line.p[line.n - 1] != '\n' ||
	    !span_eq(span_head(line, magic.n), magic))
		return;
	line = span_skip(line, magic.n);
	if (span_word(&line, &full) && span_word(&line, &last) &&
	    num_parse_max(full, INT64_MAX / 4, &f) == 0 &&
	    num_parse_max(last, INT64_MAX / 4, &l) == 0)
		*s = (struct rate_state){(int64_t)f, (int64_t)l};
}

static int
read_state(int fd, struct rate_state *s)
{
	char line[LINE_MOST];
	ssize_t n = pread(fd, line, sizeof line, 0);

	*s = (struct rate_state){0, 0};
	if (n == -1)
		return -1;
	parse(span_make(line, (size_t)n), s);
	return 0;
}

static int
write_state(int fd, const struct rate_state *s, struct span name)
{
	struct buf line = {0};
	int r = -1;

	buf_printf(&line, MAGIC "%lld %lld ", (long long)s->full,
	    (long long)s->last);
	escape_put(&line, span_head(name, NAME_SHOWN));
	buf_putc(&line, '\n');
	if (pwrite(fd, line.p, line.n, 0) == (ssize_t)line.n)
		r = ftruncate(fd, (off_t)line.n);
	buf_free(&line);
	return r;
}

/* 0 with the lock, or -1: EAGAIN when somebody does not let go of it. */
static int
lock(int fd)
{
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) == -1; i++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -1;
		if (i == TRIES) {
			errno = EAGAIN;
			return -1;
		}
		poll(NULL, 0, 1);
	}
	return 0;
}

/* The file, locked, and still under its name; -1 and errno. */
static int
open_state(struct queue *q, const char *path)
{
	struct stat st;

	for (int i = 0; i < TRIES; i++) {
		int fd = queue_openat(q, path,
		    O_RDWR | O_CREAT | O_NONBLOCK), e;

		if (fd == -1)
			return -1;
		if (lock(fd) == 0 && fstat(fd, &st) == 0) {
			if (!S_ISREG(st.st_mode))
				errno = EINVAL;
			else if (st.st_nlink > 0)
				return fd;
			else
				errno = 0; /* swept: another one */
		}
		e = errno;
		close(fd);
		errno = e;
		if (e != 0)
			return -1;
	}
	errno = EAGAIN;
	return -1;
}

/* Of one queue's file once, not for each of its entries. */
static void
complain(const char *path)
{
	static char last[QUEUE_NAME_MAX];

	if (strcmp(last, path) == 0)
		return;
	log_warn("queue-rate", "%s: %s", path, strerror(errno));
	snprintf(last, sizeof last, "%s", path);
}

bool
rate_take(struct queue *q, struct span name, uint64_t rate, int64_t rate_ms,
    int64_t *due)
{
	int64_t now = clock_wall_us(), when = *due * 1000000;
	char path[QUEUE_NAME_MAX];
	struct rate_state s;
	bool got = true;
	int fd;

	snprintf(path, sizeof path, "rate/%016llx",
	    (unsigned long long)dest_hash(name));
	fd = open_state(q, path);
	if (fd == -1 && errno == EAGAIN) {
		*due = now / 1000000 + 1;
		return false;
	}
	if (fd == -1 || read_state(fd, &s) == -1) {
		complain(path);
	} else {
		got = rate_step(&s, rate, rate_ms, now, &when);
		if (write_state(fd, &s, name) == -1)
			complain(path);
	}
	if (fd != -1)
		close(fd);
	*due = (when + 999999) / 1000000;
	return got;
}

static void
sweep_one(int dir, const char *name, int64_t now)
{
	int fd = openat(dir, name,
	    O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	struct rate_state s;

	if (fd == -1)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && read_state(fd, &s) == 0 &&
	    s.full > 0 && s.full <= now && s.last <= now)
		unlinkat(dir, name, 0);
	close(fd);
}

void
rate_sweep(struct queue *q)
{
	int fd = openat(q->fd, "rate",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (d == NULL) {
		if (fd != -1)
			close(fd);
		return;
	}
	for (int i = 0; i < SWEEP_MOST && (e = readdir(d)) != NULL; i++)
		if (e->d_name[0] != '.')
			sweep_one(fd, e->d_name, clock_wall_us());
	closedir(d);
}
