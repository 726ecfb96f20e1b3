/* amqp_in: see amqp_in.h. */
#include "amqp_in.h"
#include <amqp.h>
#include <amqp_framing.h>
#include <sys/socket.h>

#define BROKER_TEXT 400 /* octets of its words that we repeat */

static struct span
words(amqp_bytes_t b)
{
	return span_make(b.bytes, b.len < BROKER_TEXT ? b.len : BROKER_TEXT);
}

static int
connection_method(struct amqp_conn *c, const amqp_method_t *m,
    struct amqp_event *ev)
{
	if (m->id == AMQP_CONNECTION_CLOSE_METHOD) {
		const amqp_connection_close_t *close = m->decoded;

		return amqp_conn_fail(c, "4.3.2",
		    "the broker closed the connection: %u %.*s",
		    close->reply_code, SPAN_ARG(words(close->reply_text)));
	}
	if (m->id == AMQP_CONNECTION_BLOCKED_METHOD) {
		const amqp_connection_blocked_t *blocked = m->decoded;

		c->blocked = true;
		buf_reset(&c->why);
		buf_printf(&c->why, "the broker blocks publishers: %.*s",
		    SPAN_ARG(words(blocked->reason)));
		ev->kind = EVENT_BLOCKED;
		return 0;
	}
	if (m->id == AMQP_CONNECTION_UNBLOCKED_METHOD) {
		c->blocked = false;
		ev->kind = EVENT_UNBLOCKED;
		return 0;
	}
	return amqp_conn_fail(c, "4.4.2", "unexpected method %x", m->id);
}

static int
close_channel(struct amqp_conn *c, const amqp_channel_close_t *m,
    struct amqp_event *ev)
{
	c->channel_open = false;
	c->returning = false;
	c->code = m->reply_code;
	buf_reset(&c->why);
	buf_printf(&c->why, "the broker closed the channel: %u %.*s",
	    m->reply_code, SPAN_ARG(words(m->reply_text)));
	ev->kind = EVENT_CHANNEL;
	return 0;
}

static int
begin_return(struct amqp_conn *c, const amqp_basic_return_t *m)
{
	c->returning = true;
	c->returned_code = m->reply_code;
	buf_reset(&c->returned);
	buf_put(&c->returned, words(m->reply_text));
	return 0;
}

static int
channel_method(struct amqp_conn *c, const amqp_method_t *m,
    struct amqp_event *ev)
{
	const amqp_basic_ack_t *ack = m->decoded;
	const amqp_basic_nack_t *nack = m->decoded;

	switch (m->id) {
	case AMQP_BASIC_ACK_METHOD:
		ev->kind = EVENT_ACK;
		ev->tag = ack->delivery_tag;
		ev->multiple = ack->multiple != 0;
		return 0;
	case AMQP_BASIC_NACK_METHOD:
		ev->kind = EVENT_NACK;
		ev->tag = nack->delivery_tag;
		ev->multiple = nack->multiple != 0;
		return 0;
	case AMQP_BASIC_RETURN_METHOD:
		return begin_return(c, m->decoded);
	case AMQP_CHANNEL_CLOSE_METHOD:
		return close_channel(c, m->decoded, ev);
	default:
		return amqp_conn_fail(c, "4.4.2", "unexpected method %x",
		    m->id);
	}
}

/* The properties of a returned message tell which one it is. Its body
 * follows, and nobody needs it. */
static int
end_return(struct amqp_conn *c, const amqp_frame_t *f, struct amqp_event *ev)
{
	const amqp_basic_properties_t *p = f->payload.properties.decoded;

	if (!c->returning ||
	    f->payload.properties.class_id != AMQP_BASIC_CLASS)
		return amqp_conn_fail(c, "4.4.2", "unexpected content");
	c->returning = false;
	ev->kind = EVENT_RETURNED;
	ev->code = c->returned_code;
	ev->text = buf_span(&c->returned);
	if (p->_flags & AMQP_BASIC_MESSAGE_ID_FLAG)
		ev->message_id = span_make(p->message_id.bytes,
		    p->message_id.len);
	return 0;
}

static int
look_at(struct amqp_conn *c, const amqp_frame_t *f, struct amqp_event *ev)
{
	bool method = f->frame_type == AMQP_FRAME_METHOD;

	if (f->channel == 0 && method)
		return connection_method(c, &f->payload.method, ev);
	if (f->channel != AMQP_CHANNEL)
		return amqp_conn_fail(c, "4.4.2", "frame on channel %u",
		    f->channel);
	/* What was on its way when the channel closed says nothing now. */
	if (!c->channel_open)
		return 0;
	if (method)
		return channel_method(c, &f->payload.method, ev);
	if (f->frame_type == AMQP_FRAME_HEADER)
		return end_return(c, f, ev);
	if (f->frame_type == AMQP_FRAME_BODY)
		return 0;
	return amqp_conn_fail(c, "4.4.2", "frame of type %u", f->frame_type);
}

/* The library keeps heartbeats to itself, so now and then the socket is
 * asked whether there is something to read. */
static void
note_heard(struct amqp_conn *c)
{
	clock_ms now = clock_mono();
	char octet;

	if (now - c->heard >= 1000 &&
	    recv(c->fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
		c->heard = now;
}

int
amqp_in_next(struct amqp_conn *c, struct amqp_event *ev)
{
	struct timeval now = {0, 0};
	amqp_frame_t f;
	int r;

	*ev = (struct amqp_event){.kind = EVENT_NONE};
	if (!amqp_conn_up(c))
		return -1;
	note_heard(c);
	while (ev->kind == EVENT_NONE) {
		/* Frames live in the library's pools until here. */
		amqp_maybe_release_buffers(c->state);
		r = amqp_simple_wait_frame_noblock(c->state, &f, &now);
		if (r == AMQP_STATUS_TIMEOUT)
			return 0;
		if (r != AMQP_STATUS_OK)
			return amqp_conn_fail(c, "4.4.2",
			    "connection lost: %s", amqp_error_string2(r));
		c->heard = clock_mono();
		if (look_at(c, &f, ev) == -1)
			return -1;
	}
	return 0;
}

bool
amqp_in_buffered(const struct amqp_conn *c)
{
	return c->state != NULL &&
	    (amqp_frames_enqueued(c->state) || amqp_data_in_buffer(c->state));
}
