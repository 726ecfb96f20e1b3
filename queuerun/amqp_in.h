/*
 * amqp_in: what the broker says, one event at a time. It never waits. What
 * the protocol does not allow here fails the connection.
 */
#ifndef AMQP_IN_H
#define AMQP_IN_H

#include "amqp_conn.h"

enum amqp_event_kind {
	EVENT_NONE,
	EVENT_ACK,	/* tag, multiple */
	EVENT_NACK,	/* tag, multiple */
	EVENT_RETURNED, /* message_id, code, text; its ack is still to come */
	EVENT_CHANNEL,	/* the channel is closed: why, code of the conn */
	EVENT_BLOCKED,	/* the conn is blocked: why */
	EVENT_UNBLOCKED,
};

struct amqp_event {
	enum amqp_event_kind kind;
	uint64_t tag;
	bool multiple;
	int code;
	struct span message_id, text; /* valid until the next call */
};

/* The next event, EVENT_NONE when there is none now: 0; -1 when the
 * connection failed. */
int amqp_in_next(struct amqp_conn *c, struct amqp_event *event);

/* Something has been received and not looked at: poll would not tell. */
bool amqp_in_buffered(const struct amqp_conn *c);

#endif
