/* agent_wire: see agent_wire.h. */
#include "agent_wire.h"
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

void
wire_init(struct agent_wire *w, int fd)
{
	w->fd = fd;
	w->eof = false;
	w->pos = w->end = w->seen = 0;
	w->nfds = 0;
	w->out = (struct buf){0};
	w->sent = 0;
}

/* Keeps every descriptor of a message, so that none can be forgotten. */
static int
keep_fds(struct agent_wire *w, struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL;
	    c = CMSG_NXTHDR(m, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(w->fds + w->nfds, CMSG_DATA(c), n * sizeof(int));
		w->nfds += n;
	}
	return m->msg_flags & MSG_CTRUNC ? -1 : 0;
}

static int
protocol_error(const char **why, const char *text)
{
	*why = text;
	errno = EPROTO;
	return -1;
}

static void
make_room(struct agent_wire *w)
{
	if (w->pos > 0) {
		memmove(w->in, w->in + w->pos, w->end - w->pos);
		w->end -= w->pos;
		w->pos = 0;
	}
}

int
wire_fill(struct agent_wire *w, const char **why)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(WIRE_SCM * sizeof(int))];
	} control;
	struct iovec iov;
	struct msghdr m = {0};
	ssize_t n;

	if (w->pos == w->end)
		w->pos = w->end = w->seen = 0;
	if (sizeof w->in - w->end < AGENT_LINE_MAX / 2)
		make_room(w);
	if (w->end - w->pos >= AGENT_LINE_MAX && !wire_has_line(w))
		return protocol_error(why, "line too long");
	if (w->nfds > WIRE_FDS - WIRE_SCM)
		return protocol_error(why, "descriptors without jobs");
	iov = (struct iovec){w->in + w->end, sizeof w->in - w->end};
	m.msg_iov = &iov;
	m.msg_iovlen = 1;
	m.msg_control = &control;
	m.msg_controllen = sizeof control;
	do
		n = recvmsg(w->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return -1;
	if (keep_fds(w, &m) == -1)
		return protocol_error(why, "descriptors were lost");
	w->end += (size_t)n;
	w->eof = n == 0;
	return n != 0;
}

bool
wire_has_line(struct agent_wire *w)
{
	size_t have = w->end - w->pos;

	if (w->seen < have) {
		const char *start = w->in + w->pos;
		const char *nl = memchr(start + w->seen, '\n', have - w->seen);

		w->seen = nl ? (size_t)(nl - start) : have;
	}
	return w->seen < have;
}

bool
wire_line(struct agent_wire *w, struct span *line)
{
	if (!wire_has_line(w))
		return false;
	*line = span_make(w->in + w->pos, w->seen);
	w->pos += w->seen + 1;
	w->seen = 0;
	return true;
}

int
wire_take_fd(struct agent_wire *w)
{
	int fd;

	if (w->nfds == 0)
		return -1;
	fd = w->fds[0];
	w->nfds--;
	memmove(w->fds, w->fds + 1, w->nfds * sizeof *w->fds);
	return fd;
}

int
wire_flush(struct agent_wire *w)
{
	while (wire_has_output(w)) {
		ssize_t n = send(w->fd, w->out.p + w->sent, w->out.n - w->sent,
		    MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0) {
			w->sent += (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN)
			return 0;
		buf_reset(&w->out);
		w->sent = 0;
		return -1;
	}
	buf_reset(&w->out);
	w->sent = 0;
	return 0;
}
