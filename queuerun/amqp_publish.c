/*
 * amqp_publish: one part of a job onto the wire, and the events that come back meanwhile
 * (amqp_flow.h). A message is streamed: while the broker takes its time we
 * listen, so that neither waits for the other.
 */
#include "amqp_flow.h"
#include "amqp_out.h"
#include "io.h"
#include <errno.h>
#include <poll.h>

/* Octets put together before they are written, and those at which we wait
 * for the broker to take them. */
#define ENOUGH 65536
#define HIGH   262144

static void
settle_one(struct amqp_flow *f, uint64_t tag, bool acked)
{
	struct amqp_sent sent;

	if (!amqp_window_take(&f->window, tag, &sent))
		return;
	if (f->window.n == 0)
		f->alone = false;
	amqp_answer_sent(f, &sent, acked);
}

/* "multiple": everything up to tag; 0 then means all (AMQP 0-9-1, 1.8.3.13).
 * A tag that was never given is not believed, nor is one that is half sent:
 * its job is still being read. */
static void
settle(struct amqp_flow *f, const struct amqp_event *ev)
{
	uint64_t end = f->sending != 0 ? f->sending : f->window.next;
	bool acked = ev->kind == EVENT_ACK;
	uint64_t last = ev->tag;

	if (ev->multiple && last == 0)
		last = end - 1;
	if (last >= end || (last == 0 && !ev->multiple)) {
		amqp_conn_fail(&f->conn, "4.4.2",
		    "the broker confirmed what it was not given");
		return;
	}
	if (!ev->multiple) {
		settle_one(f, last, acked);
		return;
	}
	while (f->window.n > 0 && f->window.oldest <= last)
		settle_one(f, f->window.oldest, acked);
}

static void
mark_returned(struct amqp_flow *f, const struct amqp_event *ev)
{
	struct amqp_sent *s = amqp_window_find(&f->window, ev->message_id);
	const struct amqp_route *r;

	if (s == NULL)
		return;
	r = &s->part->route;
	s->returned = true;
	s->text = arena_printf(&s->part->job->arena,
	    "returned by %.*s: %d %.*s, exchange \"%.*s\", key \"%.*s\"",
	    SPAN_ARG(amqp_nodes_where(&f->nodes)), ev->code,
	    SPAN_ARG(ev->text), SPAN_ARG(r->exchange), SPAN_ARG(r->key));
}

/* The runner hears of it at once; what is in the window may still be
 * confirmed and has until its deadline. */
static void
tell_blocked(struct amqp_flow *f)
{
	struct span text = buf_span(&f->conn.why);

	agent_busy(f->agent, AMQP_BACKOFF / 1000, text);
}

void
amqp_publish_hear(struct amqp_flow *f)
{
	struct amqp_event ev;

	while (amqp_in_next(&f->conn, &ev) == 0 && ev.kind != EVENT_NONE) {
		if (ev.kind == EVENT_ACK || ev.kind == EVENT_NACK)
			settle(f, &ev);
		else if (ev.kind == EVENT_RETURNED)
			mark_returned(f, &ev);
		else if (ev.kind == EVENT_BLOCKED)
			tell_blocked(f);
		/* A closed channel is amqp_flow's business, when nothing is
		 * half sent. */
	}
}

void
amqp_publish_drain(struct amqp_flow *f, size_t low)
{
	struct amqp_conn *c = &f->conn;

	while (amqp_conn_up(c)) {
		if (amqp_out_flush(c) == -1)
			return;
		amqp_publish_hear(f);
		if (amqp_out_pending(c) <= low || !c->stuck || c->failed)
			return;
		if (io_wait(c->fd, POLLIN | POLLOUT,
			amqp_out_deadline(c)) == 0)
			continue;
		if (errno == ETIMEDOUT)
			amqp_conn_late(c, "the broker takes nothing any more");
		else
			amqp_conn_fail(c, "4.4.2", "connection lost: %s",
			    strerror(errno));
	}
}

/* 0; 1 when the channel or the connection went away meanwhile; -1 and errno
 * when the entry cannot be read to its end. */
static int
stream(struct amqp_flow *f)
{
	struct amqp_conn *c = &f->conn;
	struct span piece;
	int r;

	while ((r = amqp_body_next(&f->body, &piece)) == 1) {
		amqp_out_body(c, piece);
		if (amqp_out_pending(c) > HIGH)
			amqp_publish_drain(f, HIGH / 2);
		if (!amqp_conn_up(c) || !c->channel_open)
			return 1;
	}
	if (r == -1)
		return -1;
	amqp_out_body_end(c);
	if (amqp_out_pending(c) > ENOUGH)
		amqp_out_flush(c);
	return 0;
}

/* Everything that can go wrong before the first octet is sent; NULL is
 * good. */
static const char *
prepare(struct amqp_flow *f, const struct amqp_part *part)
{
	const char *wrong;

	if (amqp_body_start(&f->body, part, f->format) == -1)
		return strerror(errno);
	buf_reset(&f->props);
	wrong = amqp_props_put(part, f->format, &f->props);
	/* A content header cannot be divided. */
	if (wrong == NULL &&
	    f->props.n > f->conn.frame_max - AMQP_HEADER_REST)
		wrong = "envelope and metadata are larger than the broker's "
			"frame limit";
	return wrong;
}

static struct amqp_part *
take_todo(struct amqp_flow *f)
{
	struct amqp_part *part = f->todo;

	f->todo = part->next;
	if (f->todo == NULL)
		f->todo_end = &f->todo;
	part->next = NULL;
	f->alone = f->solo > 0;
	if (f->solo > 0)
		f->solo--;
	return part;
}

/* The broker waits for the rest of a message that we cannot read: only the
 * end of the connection takes that back. */
static void
give_up(struct amqp_flow *f, uint64_t tag)
{
	struct amqp_sent sent;
	int e = errno;

	amqp_conn_fail(&f->conn, "4.3.0", "entry cannot be read: %s",
	    strerror(e));
	f->own_fault = true;
	if (amqp_window_take(&f->window, tag, &sent))
		amqp_answer_later(f, sent.part, "4.3.0",
		    buf_span(&f->conn.why));
}

void
amqp_publish_refuse(struct amqp_flow *f, const char *enhanced,
    struct span text)
{
	struct amqp_part *part = take_todo(f);

	f->alone = false;
	amqp_answer_later(f, part, enhanced, text);
}

void
amqp_publish_next(struct amqp_flow *f)
{
	struct amqp_part *part = take_todo(f);
	const char *wrong = prepare(f, part);
	struct amqp_sent *sent;
	uint64_t tag;
	int r;

	if (wrong != NULL) {
		f->alone = false;
		amqp_answer_later(f, part, "4.3.0", span_of(wrong));
		return;
	}
	tag = f->window.next;
	sent = amqp_window_put(&f->window, part);
	amqp_out_publish(&f->conn, &part->route);
	amqp_out_header(&f->conn, f->body.size, buf_span(&f->props));
	f->sending = tag;
	r = stream(f);
	f->sending = 0;
	if (r == -1)
		give_up(f, tag);
	else if (r == 0)
		sent->since = clock_mono();
}
