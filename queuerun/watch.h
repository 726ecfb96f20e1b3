/*
 * watch: how a worker that stays (queuerun -w) learns of work: the kernel
 * tells of every entry that comes into new/, the next due time is waited for,
 * and once a minute everything is looked at, for whatever nobody told. It
 * sleeps in between.
 *
 * The watch is armed before the first scan, so that nothing falls between.
 */
#ifndef WATCH_H
#define WATCH_H

#include "clock.h"
#include "queue_out.h"

struct watch;

/*
 * For part (from 0) of parts workers: each has the entries whose ids fall to
 * it. horizon is schedule_horizon()'s. NULL and errno.
 */
struct watch *watch_open(struct queue *q, unsigned part, unsigned parts,
    int64_t horizon);
void watch_close(struct watch *w);

/* To be waited for. */
int watch_fd(const struct watch *w);
/* When there is something to do though the descriptor says nothing. */
clock_ms watch_next(const struct watch *w);

/* Something is due then; INT64_MAX: nothing. */
void watch_note_due(struct watch *w, int64_t due);
/* An entry was left as it is: a scan in a few seconds. */
void watch_note_left(struct watch *w);

/* Is it time for a scan? */
bool watch_wants_scan(const struct watch *w);
/* Appends what is in new/ and due. */
void watch_scan(struct watch *w, struct queue_names *names);
/* Appends what has come into new/ meanwhile; never waits. */
void watch_events(struct watch *w, struct queue_names *names);

/* Tells the watchers of a queue to scan: something is due now that was not
 * written by smtpe. Best effort. */
void watch_wake(struct queue *q);

#endif
