/*
 * rate: how many deliveries a queue may have in a time (queue_config.h): a
 * token bucket for each queue name, rate/HASH in the queue, which all workers
 * and runs share. It is full at the beginning, and fills evenly. Taken under
 * the file's lock, so that any number of runners together keep to it.
 *
 * Never fsynced: a file that is missing or damaged is a full bucket.
 */
#ifndef RATE_H
#define RATE_H

#include "queue.h"
#include "span.h"
#include <stdbool.h>
#include <stdint.h>

/* Unix times in microseconds. */
struct rate_state {
	int64_t full; /* when the bucket will be full */
	int64_t last; /* the last time that was given to one who waits */
};

/*
 * Takes a token: true. When there is none: false, and *when is a time for
 * the next try, another one each time, so that those who wait come one after
 * the other. A *when that is still to come was given before, and stays. Pure.
 */
bool rate_step(struct rate_state *s, uint64_t rate, int64_t rate_ms,
    int64_t now, int64_t *when);

/*
 * The same with the state of the queue of this name (lower case); *due is in
 * seconds, and 0 where none was given. Where the file cannot be used there is no limit, and a line in the
 * log.
 */
bool rate_take(struct queue *q, struct span name, uint64_t rate,
    int64_t rate_ms, int64_t *due);

/* Removes some of the files that say no more than that a bucket is full. */
void rate_sweep(struct queue *q);

#endif
