/*
 * queue_config: how the entries of one queue are treated: what
 * hook.queue_config returns and what the tables `queues' hold (queue_table.h).
 * Pure.
 *
 * As text it is "name=value name=value", values percent-escaped where they
 * hold blanks: in the tables, and in an entry (the line queue-config).
 */
#ifndef QUEUE_CONFIG_H
#define QUEUE_CONFIG_H

#include "arena.h"
#include "buf.h"
#include <stdint.h>

/* 0, or an empty span: not set, the controls decide. */
struct queue_config {
	int64_t retry_interval, max_retry_interval, max_age; /* ms */
	uint64_t max_attempts;
	uint64_t concurrency; /* deliveries at once */
	uint64_t rate;	      /* deliveries in rate_ms */
	int64_t rate_ms;
	struct span route;
};

/*
 * Sets one by its name: NULL, or what is wrong as a literal. Times are
 * durations (duration.h), rates "100/minute". route borrows from value.
 */
const char *queue_config_set(struct queue_config *c, struct span name,
    struct span value);

/* Sets what a text holds: NULL, or what is wrong, with *bad the word that is.
 * Decoded values are in a. */
const char *queue_config_parse(struct span text, struct arena *a,
    struct queue_config *c, struct span *bad);

/* Appends it as text; nothing when nothing is set. */
void queue_config_format(const struct queue_config *c, struct buf *out);

#endif
