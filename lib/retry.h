/*
 * retry: when an entry that could not be delivered is tried again, pure. The
 * answer depends on the entry's id and the number of attempts alone, so that
 * a schedule can be foretold.
 */
#ifndef RETRY_H
#define RETRY_H

#include "span.h"
#include <stdint.h>

#define RETRY_LIST_MAX 32

/* A curve, or a list of intervals whose last one is repeated. */
struct retry {
	int64_t first;	 /* ms before the second attempt */
	int64_t factor;	 /* thousandths: how each interval grows */
	int64_t longest; /* ms: no interval is longer, jitter aside */
	size_t nlist;	 /* 0: a curve */
	int64_t list[RETRY_LIST_MAX]; /* ms */
};

/*
 * "300 1.5 14400" is a curve: first interval, a factor below 10, longest
 * interval. Anything else is a list, "300 600 1800 3600", in which no
 * interval is shorter than the one before it. 0, or -1 when it is neither.
 */
int retry_parse(struct span text, struct retry *r);

/* ms between the attempt of this number (from 1) and the next. */
int64_t retry_interval(const struct retry *r, unsigned attempt);

/*
 * Unix time of the next attempt after the one of this number, which ended
 * now: the interval and up to a tenth of it, so that what came together does
 * not come back together.
 */
int64_t retry_due(const struct retry *r, struct span id, unsigned attempt,
    int64_t now);

/* Seconds that no due time lies further ahead than. */
int64_t retry_longest(const struct retry *r);

#endif
