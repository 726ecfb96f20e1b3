/*
 * bounce_who: which recipients a report tells of, and what it says of each:
 * NOTIFY and ORCPT (RFC 3461 4), results, history. Each function fills the
 * report's recipients, in the entry's arena.
 */
#ifndef BOUNCE_WHO_H
#define BOUNCE_WHO_H

#include "entry.h"
#include "history.h"
#include "report.h"

/* Metadata "bounce": 0 for what is no bounce of ours. */
unsigned who_bounce_level(const struct envelope *env);

/* Does the report need SMTPUTF8 (RFC 6533)? */
bool who_is_utf8(const struct envelope *env, const struct report *r);

/*
 * Those that failed and whose sender is to be told; their numbers, from 0.
 * again: some were marked so before this attempt.
 */
size_t *who_failed(struct queue *q, struct entry *e, struct report *r,
    int64_t now, bool *again);

/* Those reached in this attempt that asked for it, and whose next host does
 * not tell itself. */
size_t *who_reached(struct entry *e, struct report *r, int64_t now);

/* Those that still wait; all: also when the sender did not say. */
void who_waits(struct entry *e, struct report *r, int64_t now, bool all);

/* Does the history hold a warning? */
bool who_was_warned(struct queue *q, const struct entry *e);

#endif
