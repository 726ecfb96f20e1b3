/* io: see io.h. */
#include "io.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

static clock_ms
nearest(const struct io *io)
{
	return io->command_deadline < io->session_deadline ?
	    io->command_deadline : io->session_deadline;
}

static ssize_t
plain_read(struct io *io, void *p, size_t n)
{
	return read(io->rfd, p, n);
}

/*
 * Never blocks without a deadline: sockets say EAGAIN, and for anything else
 * poll(2) says when a write of PIPE_BUF, our buffer's size, will not block.
 */
static ssize_t
plain_write(struct io *io, const void *p, size_t n)
{
	ssize_t r = send(io->wfd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (r != -1 || errno != ENOTSOCK)
		return r;
	if (io_wait(io->wfd, POLLOUT, nearest(io)) == -1)
		return -1;
	return write(io->wfd, p, n < IO_OUT ? n : IO_OUT);
}

static const struct io_transport plain = {plain_read, plain_write, NULL};

void
io_init(struct io *io, int rfd, int wfd)
{
	io->rfd = rfd;
	io->wfd = wfd;
	io->transport = &plain;
	io->transport_state = NULL;
	io->command_deadline = CLOCK_NEVER;
	io->session_deadline = CLOCK_NEVER;
	io->error = 0;
	io->stops = io->flushing = false;
	io->waited = 0;
	io->in_pos = io->in_end = 0;
	io->out_n = 0;
}

static volatile sig_atomic_t stopped;
static sigset_t while_waiting; /* what is blocked then */

static void
on_stop(int sig)
{
	(void)sig;
	stopped = 1;
}

void
io_stop_on_signals(struct io *io)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
	struct sigaction sa = {.sa_handler = on_stop}, old;
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		/* nohup(1) and shells have their reasons. */
		if (sigaction(signals[i], &sa, &old) == 0 &&
		    old.sa_handler == SIG_IGN)
			sigaction(signals[i], &old, NULL);
		else
			sigaddset(&set, signals[i]);
	}
	sigprocmask(SIG_BLOCK, &set, &while_waiting);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (sigismember(&set, signals[i]) == 1)
			sigdelset(&while_waiting, signals[i]);
	io->stops = true;
}

/* Signals that are to end us come in nowhere else than where stops is true. */
static int
wait_once(struct pollfd *p, int ms, bool stops)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000L};

	return ppoll(p, 1, ms < 0 ? NULL : &t, stops ? &while_waiting : NULL);
}

/* ppoll() lets none in while there is input: a peer that always has some would
 * keep us from ending. Without descriptors it does. */
static void
let_in_pending(void)
{
	struct timespec now = {0, 0};
	sigset_t set;

	if (sigpending(&set) == 0 && (sigismember(&set, SIGTERM) == 1 ||
		sigismember(&set, SIGINT) == 1 ||
		sigismember(&set, SIGHUP) == 1))
		ppoll(NULL, 0, &now, &while_waiting);
}

static int
wait_for(int fd, short events, clock_ms deadline, bool stops)
{
	for (;;) {
		struct pollfd p = {fd, events, 0};
		int left = clock_left(deadline);
		int n;

		if (stops)
			let_in_pending();
		if (stopped && stops) {
			errno = ECANCELED;
			return -1;
		}
		n = wait_once(&p, left, stops);
		/* Input that is there beats a deadline that has passed:
		 * whoever is in time by our clock is in time. */
		if (n > 0)
			return 0;
		if (n == -1 && errno != EINTR)
			return -1;
		if (n == 0 && left >= 0 && clock_left(deadline) == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
}

int
io_wait(int fd, short events, clock_ms deadline)
{
	return wait_for(fd, events, deadline, false);
}

static int
expired(clock_ms deadline)
{
	if (deadline == CLOCK_NEVER || clock_left(deadline) != 0)
		return 0;
	errno = ETIMEDOUT;
	return -1;
}

int
io_raw_wait(struct io *io)
{
	/* A peer that always has one octet ready must not outlive its time. */
	clock_ms since = clock_mono();
	int r;

	if (expired(nearest(io)) == -1)
		return -1;
	r = wait_for(io->rfd, POLLIN, nearest(io), io->stops);
	io->waited += clock_mono() - since;
	return r;
}

ssize_t
io_raw_read(struct io *io, struct iovec *v, int n)
{
	struct msghdr m = {.msg_iov = v, .msg_iovlen = (unsigned)n};
	struct pollfd p = {io->rfd, POLLIN, 0};
	ssize_t r = recvmsg(io->rfd, &m, MSG_DONTWAIT);

	if (r != -1 || errno != ENOTSOCK)
		return r;
	if (poll(&p, 1, 0) == 0) {
		errno = EAGAIN;
		return -1;
	}
	return readv(io->rfd, v, n);
}

int
io_raw_write(struct io *io, const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		ssize_t r = plain_write(io, at, n);

		if (r > 0) {
			at += r;
			n -= (size_t)r;
		} else if (r == -1 && errno == EAGAIN) {
			if (io_wait(io->wfd, POLLOUT, nearest(io)) == -1)
				return -1;
		} else if (r == -1 && errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

static bool
holds(struct io *io)
{
	return io->transport->holds != NULL && io->transport->holds(io);
}

ssize_t
io_fill(struct io *io)
{
	ssize_t n;

	if (io_flush(io) == -1)
		return -1;
	if (io->in_pos == io->in_end) {
		io->in_pos = io->in_end = 0;
	} else if (io->in_end == sizeof io->in) {
		if (io->in_pos == 0) {
			errno = ENOBUFS;
			return -1;
		}
		memmove(io->in, io->in + io->in_pos, io->in_end - io->in_pos);
		io->in_end -= io->in_pos;
		io->in_pos = 0;
	}
	do {
		if (!holds(io) && io_raw_wait(io) == -1)
			return -1;
		n = io->transport->read(io, io->in + io->in_end,
		    sizeof io->in - io->in_end);
	} while (n == -1 && (errno == EINTR || errno == EAGAIN));
	if (n > 0)
		io->in_end += (size_t)n;
	return n;
}

/* Index of the LF that ends the line at the start of s, or s.n; nothing
 * before from is one. */
static size_t
find_end(const struct io *io, struct span s, size_t from)
{
	for (;;) {
		size_t i = from + span_chr(span_skip(s, from), '\n');

		if (i == s.n || !io->crlf_only || (i > 0 && s.p[i - 1] == '\r'))
			return i;
		from = i + 1;
	}
}

int
io_skip_line(struct io *io)
{
	for (;;) {
		struct span s = io_pending(io);
		size_t i = find_end(io, s, 0);
		ssize_t n;

		if (i < s.n) {
			io_take(io, i + 1);
			return 1;
		}
		/* A CR at the end may have its LF in the next octets. */
		io_take(io, s.n > 0 && s.p[s.n - 1] == '\r' ? s.n - 1 : s.n);
		if ((n = io_fill(io)) <= 0)
			return (int)n;
	}
}

int
io_read_line(struct io *io, size_t max, struct span *line)
{
	size_t seen = 0;

	for (;;) {
		struct span s = io_pending(io);
		size_t i = find_end(io, s, seen);
		ssize_t n;

		if (i < s.n && i <= max) {
			io_take(io, i + 1);
			if (i > 0 && s.p[i - 1] == '\r')
				i--;
			*line = span_head(s, i);
			return 1;
		}
		if (s.n > max) {
			errno = EMSGSIZE;
			return -1;
		}
		seen = s.n;
		if ((n = io_fill(io)) <= 0)
			return (int)n;
	}
}

void
io_write(struct io *io, struct span s)
{
	while (s.n > 0) {
		size_t k = sizeof io->out - io->out_n;

		if (k > s.n)
			k = s.n;
		memcpy(io->out + io->out_n, s.p, k);
		io->out_n += k;
		s = span_skip(s, k);
		if (io->out_n == sizeof io->out && io_flush(io) == -1)
			return;
	}
}

int
io_flush(struct io *io)
{
	size_t done = 0;

	io->flushing = io->out_n > 0;
	while (done < io->out_n && io->error == 0) {
		ssize_t n = io->transport->write(io, io->out + done,
		    io->out_n - done);

		if (n > 0)
			done += (size_t)n;
		else if (n == -1 && errno == EAGAIN) {
			if (io_wait(io->wfd, POLLOUT, nearest(io)) == -1)
				io->error = errno;
		} else if (n == -1 && errno != EINTR)
			io->error = errno;
	}
	io->out_n = 0;
	io->flushing = false;
	if (io->error == 0)
		return 0;
	errno = io->error;
	return -1;
}

int
io_pause(struct io *io, int64_t ms)
{
	clock_ms until = clock_deadline(ms), end = nearest(io);
	clock_ms next = until < end ? until : end;

	if (io_flush(io) == -1)
		return -1;
	/* A peer that is gone for good ends it: nobody is left to be slowed
	 * down. One that only says no more is not gone. */
	if (ms > 0 && wait_for(io->wfd, 0, next, io->stops) == 0) {
		errno = ECONNRESET;
		return -1;
	}
	if (ms > 0 && errno != ETIMEDOUT)
		return -1;
	if (until <= end)
		return 0;
	errno = ETIMEDOUT;
	return -1;
}

int
io_wait_early(struct io *io, int64_t ms)
{
	clock_ms until = clock_deadline(ms), end = nearest(io);

	if (ms <= 0 || io_flush(io) == -1)
		return io->error != 0 ? -1 : 0;
	if (io->in_pos < io->in_end)
		return 1;
	if (wait_for(io->rfd, POLLIN, until < end ? until : end,
		io->stops) == 0)
		return 1;
	return errno == ETIMEDOUT && until <= end ? 0 : -1;
}

bool
io_readable(struct io *io)
{
	struct pollfd p = {io->rfd, POLLIN, 0};

	if (io->in_pos < io->in_end || holds(io))
		return true;
	return poll(&p, 1, 0) > 0 && (p.revents & POLLIN) != 0;
}
