/* amqp_out: see amqp_out.h. Frames are those of AMQP 0-9-1, 4.2.3: type,
 * channel, length, payload, end octet. */
#include "amqp_out.h"
#include "amqp_field.h"
#include <errno.h>
#include <sys/socket.h>

#define TYPE_METHOD    1
#define TYPE_HEADER    2
#define TYPE_BODY      3
#define TYPE_HEARTBEAT 8
#define FRAME_END      0xce
#define FRAME_REST     8 /* octets around the payload */

#define CLASS_CHANNEL	 20
#define CHANNEL_CLOSE_OK 41
#define CLASS_BASIC	 60
#define BASIC_PUBLISH	 40
#define MANDATORY	 1

/* As little as this in one time-out is as good as nothing. */
#define PROGRESS 16384

static size_t
open_frame(struct amqp_conn *c, uint8_t type, uint16_t channel)
{
	amqp_put_u8(&c->out, type);
	amqp_put_u16(&c->out, channel);
	return amqp_put_open(&c->out);
}

static void
close_frame(struct amqp_conn *c, size_t opened)
{
	amqp_put_close(&c->out, opened);
	amqp_put_u8(&c->out, FRAME_END);
}

static size_t
open_method(struct amqp_conn *c, uint16_t class, uint16_t method)
{
	size_t opened = open_frame(c, TYPE_METHOD, AMQP_CHANNEL);

	amqp_put_u16(&c->out, class);
	amqp_put_u16(&c->out, method);
	return opened;
}

void
amqp_out_publish(struct amqp_conn *c, const struct amqp_route *route)
{
	size_t opened = open_method(c, CLASS_BASIC, BASIC_PUBLISH);

	amqp_put_u16(&c->out, 0); /* reserved: a ticket, once */
	amqp_put_short(&c->out, route->exchange);
	amqp_put_short(&c->out, route->key);
	amqp_put_u8(&c->out, MANDATORY);
	close_frame(c, opened);
}

void
amqp_out_header(struct amqp_conn *c, uint64_t body_size, struct span props)
{
	size_t opened = open_frame(c, TYPE_HEADER, AMQP_CHANNEL);

	amqp_put_u16(&c->out, CLASS_BASIC);
	amqp_put_u16(&c->out, 0); /* weight: unused */
	amqp_put_u64(&c->out, body_size);
	buf_put(&c->out, props);
	close_frame(c, opened);
}

/* A body frame stays open until it is full: the fewer the frames, the less
 * the broker has to put together. */
void
amqp_out_body(struct amqp_conn *c, struct span piece)
{
	while (piece.n > 0) {
		size_t room;

		if (c->body == 0)
			c->body = open_frame(c, TYPE_BODY, AMQP_CHANNEL);
		room = c->frame_max - FRAME_REST - (c->out.n - c->body);
		if (room > piece.n)
			room = piece.n;
		buf_put(&c->out, span_head(piece, room));
		piece = span_skip(piece, room);
		if (c->out.n - c->body == c->frame_max - FRAME_REST)
			amqp_out_body_end(c);
	}
}

void
amqp_out_body_end(struct amqp_conn *c)
{
	if (c->body != 0)
		close_frame(c, c->body);
	c->body = 0;
}

void
amqp_out_body_abort(struct amqp_conn *c)
{
	if (c->body != 0)
		c->out.n = c->body - (FRAME_REST - 1);
	c->body = 0;
}

void
amqp_out_heartbeat(struct amqp_conn *c)
{
	close_frame(c, open_frame(c, TYPE_HEARTBEAT, 0));
}

void
amqp_out_channel_close_ok(struct amqp_conn *c)
{
	close_frame(c, open_method(c, CLASS_CHANNEL, CHANNEL_CLOSE_OK));
}

static void
note_progress(struct amqp_conn *c, size_t n)
{
	c->spoke = clock_mono();
	c->moved += n;
	if (c->moved < PROGRESS)
		return;
	c->stuck_since = c->spoke;
	c->moved = 0;
}

static void
note_stuck(struct amqp_conn *c)
{
	if (c->stuck)
		return;
	c->stuck = true;
	c->stuck_since = clock_mono();
	c->moved = 0;
}

/* What has been sent goes; the open body frame, if any, moves along. */
static void
drop_sent(struct amqp_conn *c)
{
	size_t left = amqp_out_pending(c);

	if (left > 0 && c->out_pos < c->out.n / 2)
		return;
	memmove(c->out.p, c->out.p + c->out_pos, left);
	if (c->body != 0)
		c->body -= c->out_pos;
	c->out.n = left;
	c->out_pos = 0;
}

int
amqp_out_flush(struct amqp_conn *c)
{
	/* Nothing of a frame whose length is not known yet may go. */
	size_t end = c->body != 0 ? c->body - (FRAME_REST - 1) : c->out.n;

	if (c->failed)
		return -1;
	while (c->out_pos < end) {
		ssize_t n = send(c->fd, c->out.p + c->out_pos,
		    end - c->out_pos, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0) {
			c->out_pos += (size_t)n;
			note_progress(c, (size_t)n);
			continue;
		}
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN) {
			note_stuck(c);
			break;
		}
		return amqp_conn_fail(c, "4.4.2", "connection lost: %s",
		    strerror(errno));
	}
	if (c->out_pos == end)
		c->stuck = false;
	if (c->out_pos > 0)
		drop_sent(c);
	return 0;
}

clock_ms
amqp_out_deadline(const struct amqp_conn *c)
{
	return c->stuck ? c->stuck_since + c->timeout : CLOCK_NEVER;
}
