/*
 * amqp_conn: one connection to one broker: TCP, login, channel 1 in confirm
 * mode. rabbitmq-c makes it and reads its frames; after the login everything
 * we send goes through amqp_out, which never blocks. So its heartbeats are
 * off and amqp_flow sends them: two writers would mix their frames.
 *
 * A connection that failed keeps why; it is closed without a handshake.
 */
#ifndef AMQP_CONN_H
#define AMQP_CONN_H

#include "amqp_declare.h"
#include "amqp_tls.h"
#include "amqp_uri.h"
#include "buf.h"
#include "clock.h"

#define AMQP_CHANNEL 1

struct amqp_conn {
	void *state;		/* rabbitmq-c's; NULL: not connected */
	int fd;
	bool failed;		/* only good for amqp_conn_close() */
	bool channel_open;
	bool blocked;		/* the broker takes nothing at present */
	int code;		/* of the reply that closed the channel */
	struct buf why;		/* why it failed, was blocked, or the channel
				 * was closed */
	const char *enhanced;	/* the code that goes with it */
	size_t frame_max;	/* octets of a whole frame */
	int64_t timeout;	/* of every wait, ms */
	int64_t heartbeat;	/* ms; 0 = none */
	clock_ms heard, spoke;	/* last octets received, sent */

	/* amqp_out's: */
	struct buf out;
	size_t out_pos;		/* what of out has been sent */
	size_t body;		/* where the open body frame's payload begins;
				 * 0 = none is open */
	bool stuck;		/* the socket takes no more */
	clock_ms stuck_since;	/* no progress worth the name since then */
	size_t moved;		/* octets sent since stuck_since */

	/* amqp_in's: a return waits for its properties. */
	bool returning;
	struct buf returned;	/* its text */
	int returned_code;
};

/* What is the same for every connection. */
struct amqp_setup {
	int64_t timeout; /* ms, of each wait */
	struct amqp_tls tls;
	const struct amqp_declarations *declare;
};

/* Connects, logs in, opens the channel, declares, all within the time-out:
 * 0, or -1 with why. */
int amqp_conn_open(struct amqp_conn *c, const struct amqp_uri *uri,
    const struct amqp_setup *setup);

/* Opens the channel once more after the broker closed it: 0, or -1. */
int amqp_conn_reopen_channel(struct amqp_conn *c);

/* Says goodbye first when the connection is healthy. */
void amqp_conn_close(struct amqp_conn *c);

/* Marks it as failed, keeping the first reason. Returns -1. */
int amqp_conn_fail(struct amqp_conn *c, const char *enhanced,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same for a broker that is out of time; one that said it is blocked
 * gave its reason already. */
void amqp_conn_late(struct amqp_conn *c, const char *what);

static inline bool
amqp_conn_up(const struct amqp_conn *c)
{
	return c->state != NULL && !c->failed;
}

#endif
