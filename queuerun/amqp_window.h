/*
 * amqp_window: what has been published and not confirmed, by delivery tag
 * (1, 2, 3, ... since the channel was opened). A ring, so that every ack
 * costs the same; the oldest one's place is free again only when it is
 * settled.
 */
#ifndef AMQP_WINDOW_H
#define AMQP_WINDOW_H

#include "amqp_part.h"
#include "buf.h"

struct amqp_sent {
	struct amqp_part *part; /* NULL: settled */
	clock_ms since; /* its last octet was given out; CLOCK_NEVER before */
	bool returned;
	struct span text; /* of the return; lives in its job */
};

struct amqp_window {
	struct amqp_sent *ring;
	size_t size; /* a power of two */
	size_t limit; /* at most so many at once */
	uint64_t oldest, next; /* tags */
	size_t n;    /* not settled */
};

void amqp_window_init(struct amqp_window *w, size_t limit);
/* The channel is new: tags begin at 1. What was in it must be out. */
void amqp_window_reset(struct amqp_window *w);

bool amqp_window_full(const struct amqp_window *w);

/* It stays where it is until its tag is taken. */
struct amqp_sent *amqp_window_put(struct amqp_window *w,
    struct amqp_part *part);

/* Takes one out: true, or false when that tag is not in it. */
bool amqp_window_take(struct amqp_window *w, uint64_t tag,
    struct amqp_sent *sent);
/* The oldest: NULL when there is none. */
struct amqp_sent *amqp_window_oldest(struct amqp_window *w);
/* One that was not returned yet, or NULL. */
struct amqp_sent *amqp_window_find(struct amqp_window *w,
    struct span message_id);

#endif
