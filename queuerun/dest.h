/*
 * dest: the destinations of one worker: how many deliveries each has, whether
 * it answers, and which names wait for their turn at it. So one that is slow,
 * dead or buried in mail takes nothing from the others, and one sender's
 * thousands take nothing from another's few: turns go round the destinations,
 * and at each round its senders.
 *
 * One that does not answer is left alone for an interval of the control retry,
 * then one delivery tries it. That is remembered in a small file below
 * backoff/ in the queue, for the next run; without it nothing is lost but
 * attempts.
 */
#ifndef DEST_H
#define DEST_H

#include "control.h"
#include "entry.h"
#include "pool.h"
#include "retry.h"

/* Names of one sender that wait. */
struct lane {
	uint64_t sender;
	struct queue_name *v;
	size_t head, n, cap;
	struct lane *next; /* in turn; a ring */
};

struct dest {
	uint64_t hash;
	struct buf key; /* "smtp:|example.net" */
	struct pool_agent *agent;
	size_t open;	 /* jobs that are not over */
	size_t limit;	 /* of them; 0: any */
	bool backs_off;	 /* ever */
	unsigned count;	 /* intervals that it did not answer for; 0: it does */
	int64_t since, until; /* Unix time; until: left alone */
	struct buf text; /* of the last failure */
	struct lane *lanes; /* the last in the ring, or NULL */
	struct dest *chain;
	struct dest *turn; /* next in the ring of those with names */
};

#define DEST_TABLE 256

struct dests {
	struct queue *q;
	const struct controls *controls;
	struct retry retry;
	bool all; /* whoever was left alone is tried: --flush, --id */
	struct dest *table[DEST_TABLE];
	size_t n;
	struct dest *ring; /* the last whose turn it was, or NULL */
	size_t waiting;	   /* names */
};

void dests_init(struct dests *d, struct queue *q, const struct controls *c,
    const struct retry *retry, bool all);
void dests_free(struct dests *d);

/* That of a group of the entry, which goes to agent a. It lives until
 * dests_free() or dests_forget(). */
struct dest *dests_find(struct dests *d, const struct entry *e,
    const struct plan_group *g, struct pool_agent *a);

/* The key of a group's destination: its route, where that names no host with
 * the first recipient's domain. */
void dest_key(const struct envelope *env, const struct plan_group *g,
    struct buf *key);

/* May it get another job now? */
bool dest_has_room(const struct dest *d, int64_t now);
/* Is it to be left alone now? */
bool dest_is_down(const struct dests *ds, const struct dest *d, int64_t now);

/* When an entry that it keeps waiting is due again. */
int64_t dest_due(const struct dests *ds, const struct dest *d,
    struct span id, int64_t now);

/* This name comes again when there is room for it. */
void dests_put(struct dests *ds, struct dest *d, struct span sender,
    const struct queue_name *name);
/* The next name whose turn it is: true. False when none has room. */
bool dests_next(struct dests *ds, int64_t now, struct queue_name *name);

/* Forgets the names that wait: a scan finds them again. */
void dests_drop_waiting(struct dests *ds);

/* Those of one. */
void dest_free_lanes(struct dest *d);

/* What the answers of a job say about its destination. */
void dests_learn(struct dests *ds, const struct job *j, int64_t now);

/* Forgets those of which nothing needs to be known, when there are many. */
void dests_forget(struct dests *ds);

#endif
