/*
 * amqp_declare: what must exist at the broker before anything is published
 * (the control amqpdeclare): exchanges, queues, bindings, all durable. What
 * exists already and is the same is no error; what differs is one, and
 * nothing is published until somebody settles it.
 */
#ifndef AMQP_DECLARE_H
#define AMQP_DECLARE_H

#include "arena.h"
#include "control.h"
#include <stdint.h>

struct amqp_declaration {
	enum { DECLARE_EXCHANGE, DECLARE_QUEUE, DECLARE_BIND } kind;
	struct span name;  /* of the exchange, the queue */
	struct span type;  /* of the exchange; "quorum" or "classic" */
	struct span exchange, key; /* BIND */
	const char *text;  /* "declare queue in", for errors */
};

struct amqp_declarations {
	struct amqp_declaration *v;
	size_t n;
};

/* Names and key are percent-encoded words. NULL, or what is wrong, in a. */
const char *amqp_declare_parse(const struct control_list *list,
    struct arena *a, struct amqp_declarations *out);

/* Asks the broker; state is rabbitmq-c's, and its RPC reply tells. */
void amqp_declare_one(const struct amqp_declaration *d, void *state,
    uint16_t channel);

#endif
