/*
 * schedule: how one entry is treated: when it is tried again, and when it is
 * given up. What its queue says (queue_config.h, in the envelope) comes before
 * the controls. Pure.
 */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include "control.h"
#include "envelope.h"
#include "queue_config.h"
#include "retry.h"

struct schedule {
	struct retry retry;
	int64_t lifetime;      /* seconds */
	uint64_t max_attempts; /* 0: any */
};

/* By the controls alone; base is their retry. */
void schedule_default(const struct controls *c, const struct retry *base,
    struct schedule *s);

/* Of this entry; a is for a moment's memory. A queue_config that cannot be
 * read counts as none. */
void schedule_of(const struct controls *c, const struct retry *base,
    const struct envelope *env, struct arena *a, struct schedule *s);

/* Would a failure of the attempt of this number (from 1) be the last one of
 * an entry that is so old (seconds)? */
bool schedule_is_over(const struct schedule *s, int64_t age,
    unsigned attempt);

/*
 * Seconds that no entry waits longer than, whatever its queue or a script
 * says: a due time further ahead comes from a clock that was wrong.
 */
int64_t schedule_horizon(const struct controls *c, const struct retry *base);

#endif
