/*
 * settle: what the answers mean for the entries. Those whose recipients are
 * all done go; the others get their marks, their history and their next
 * time. Whatever a batch takes off the queue is durable before settle_batch()
 * returns, so that no more than one window is ever in flight.
 */
#ifndef SETTLE_H
#define SETTLE_H

#include "bounce.h"
#include "judge.h"
#include "retry.h"
#include "stage.h"

#define SETTLE_DIRS 16

/* Of recipients; shared by the workers of a run. */
struct settle_counts {
	uint64_t delivered, later, failed;
	uint64_t untried; /* entries left as they were: nobody took them */
	uint64_t trouble; /* what we ourselves could not do */
};

struct settle {
	struct queue *q;
	const struct controls *controls;
	struct retry retry; /* of the controls */
	struct settle_counts *counts;
	struct entries *entries;
	struct bounce bounce;
	int64_t next_due; /* the first time that was given; the caller's to
			   * reset to INT64_MAX */
	struct stage *stage; /* NULL: no stages */
	int new_fd; /* of new/, opened at the first need; -1 */
	char dirs[SETTLE_DIRS][QUEUE_NAME_MAX]; /* to be fsynced */
	size_t ndirs;
	bool new_touched;
	struct buf history;
};

void settle_init(struct settle *s, struct queue *q, const struct controls *c,
    const struct retry *retry, struct entries *entries,
    struct settle_counts *counts);
void settle_free(struct settle *s);

/* Settles a list and gives its entries back. */
void settle_batch(struct settle *s, struct entry *list);

/* A damaged entry, open and locked: to dead/, with the reason; given back. */
void settle_damaged(struct settle *s, struct entry *e, const char *why);

#endif
