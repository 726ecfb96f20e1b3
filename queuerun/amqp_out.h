/*
 * amqp_out: what we send: frames, put together in one buffer and written
 * when the socket takes them. Nothing here waits, so a broker that stops
 * reading can never hold us; who fills the buffer looks at
 * amqp_out_pending() and waits with a deadline of its own.
 */
#ifndef AMQP_OUT_H
#define AMQP_OUT_H

#include "amqp_conn.h"

/*
 * One message: basic.publish (mandatory), its content header, its body in
 * any number of pieces, the end. props is what amqp_props_put() made.
 */
void amqp_out_publish(struct amqp_conn *c, const struct amqp_route *route);
void amqp_out_header(struct amqp_conn *c, uint64_t body_size,
    struct span props);
void amqp_out_body(struct amqp_conn *c, struct span piece);
void amqp_out_body_end(struct amqp_conn *c);
/* Takes the open body frame back: the broker closed the channel. */
void amqp_out_body_abort(struct amqp_conn *c);

/* Octets of a content header frame around its properties. */
#define AMQP_HEADER_REST 20

/* Neither may come while a body frame is open. */
void amqp_out_heartbeat(struct amqp_conn *c);
void amqp_out_channel_close_ok(struct amqp_conn *c);

/* Octets that the socket has not taken yet. */
static inline size_t
amqp_out_pending(const struct amqp_conn *c)
{
	return c->out.n - c->out_pos;
}

/* Writes what the socket takes now: 0, or -1 when the connection failed. */
int amqp_out_flush(struct amqp_conn *c);

/* When a broker that takes nothing has had its time. */
clock_ms amqp_out_deadline(const struct amqp_conn *c);

#endif
