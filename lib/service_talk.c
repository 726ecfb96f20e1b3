/*
 * service_talk: one question, from connecting to its answer. It is read all
 * the time, also while the message is on its way: who refuses need not wait
 * for the end of it.
 */
#include "service.h"
#include "file.h"
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define TURN 16 /* writes */

void
service_end(struct service_request *r, const char *error)
{
	r->done = true;
	r->error = error;
	r->ms = clock_mono() - r->started;
	tcp_stop(&r->tcp);
	if (r->fd != -1)
		close(r->fd);
	r->fd = -1;
	buf_free(&r->out);
	buf_free(&r->head);
}

/* --- out --- */

static void
put_length(struct buf *b, size_t n)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_putc(b, (char)(n >> shift & 0xff));
}

/* The next octets of the body behind what is in out: 0, or -1 and errno. */
static int
put_body(struct service_request *r)
{
	size_t n = SERVICE_BLOCK;

	if (n > r->size - r->pos)
		n = (size_t)(r->size - r->pos);
	if (r->in_chunks)
		put_length(&r->out, n);
	if (r->fd == -1)
		buf_put(&r->out, span_make(r->data.p + r->pos, n));
	else if (n > 0) {
		if (file_pread_all(r->fd, buf_reserve(&r->out, n), n,
			(off_t)r->pos) == -1)
			return -1;
		r->out.n += n;
	}
	r->pos += n;
	/* The chunk of no octets is the last. */
	r->sent = r->pos == r->size && (!r->in_chunks || n == 0);
	return 0;
}

/* Fills out when it is empty. *more: there is something in it. */
static int
fill(struct service_request *r, bool *more)
{
	*more = true;
	if (r->out_pos < r->out.n)
		return 0;
	buf_reset(&r->out);
	r->out_pos = 0;
	if (r->head.n > 0) {
		buf_put(&r->out, buf_span(&r->head));
		buf_reset(&r->head);
		r->sent = r->size == 0 && !r->in_chunks;
		return 0;
	}
	*more = !r->sent;
	return r->sent ? 0 : put_body(r);
}

static void
talk_out(struct service_request *r)
{
	bool more;

	/* Others wait for their turn. */
	for (int i = 0; i < TURN; i++) {
		ssize_t n;

		if (fill(r, &more) == -1) {
			service_end(r, "the message cannot be read");
			return;
		}
		if (!more)
			return;
		n = send(r->tcp.fd, r->out.p + r->out_pos,
		    r->out.n - r->out_pos, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0) {
			r->out_pos += (size_t)n;
			continue;
		}
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		/* It takes no more; perhaps it has said why. */
		r->sent = true;
		r->out_pos = r->out.n;
		return;
	}
}

/* --- in --- */

static int
push_line(struct service_request *r, struct span s)
{
	size_t n = span_chr(s, '\0');

	if (r->line.n + n > SERVICE_LINE) {
		service_end(r, "too large");
		return 0;
	}
	buf_put(&r->line, span_head(s, n));
	return n < s.n;
}

static void
take(struct service_request *r, int done)
{
	if (done == -1)
		service_end(r, r->http.error);
	else if (done == 1)
		service_end(r, NULL);
}

static void
talk_in(struct service_request *r)
{
	char block[SERVICE_BLOCK];
	struct span s;
	ssize_t n = recv(r->tcp.fd, block, sizeof block, MSG_DONTWAIT);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1) {
		service_end(r, strerror(errno));
	} else if (n == 0 && r->kind == SERVICE_CLAMD) {
		service_end(r, "closed too early");
	} else if (n == 0) {
		take(r, http_end(&r->http));
	} else {
		s = span_make(block, (size_t)n);
		take(r, r->kind == SERVICE_CLAMD ? push_line(r, s) :
						   http_push(&r->http, s));
	}
}

/* --- the whole --- */

static void
go_on_connecting(struct service_request *r)
{
	switch (tcp_step(&r->tcp)) {
	case TCP_WAITS:
		return;
	case TCP_FAILED:
		service_end(r, tcp_strerror(r->tcp.error));
		return;
	case TCP_READY:
		r->state = SERVICE_TALKS;
		talk_out(r);
	}
}

void
service_step(struct service_request *r, short revents)
{
	if (r->state == SERVICE_CONNECTS) {
		go_on_connecting(r);
		return;
	}
	if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0)
		talk_in(r);
	if (!r->done && (revents & POLLOUT) != 0)
		talk_out(r);
	if (!r->done && r->deadline != CLOCK_NEVER &&
	    clock_left(r->deadline) == 0)
		service_end(r, "no answer in time");
}
