/*
 * clock: the two clocks. Deadlines are absolute and monotonic, so that a
 * client that sends one octet a second or a clock that jumps changes nothing.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <sys/types.h>
#include "span.h"

/* Milliseconds; CLOCK_NEVER is later than everything. */
typedef int64_t clock_ms;
#define CLOCK_NEVER INT64_MAX

/* Monotonic milliseconds, for deadlines. */
clock_ms clock_mono(void);

/* now + ms as a deadline; ms <= 0 means none. */
clock_ms clock_deadline(int64_t ms);

/* Milliseconds until deadline, 0 when it has passed, -1 for CLOCK_NEVER: a
 * time-out for poll(). */
int clock_left(clock_ms deadline);

/* Unix time in seconds, and in microseconds. */
int64_t clock_wall(void);
int64_t clock_wall_us(void);

/* From now on clock_wall() is this (queuerun --now). */
void clock_set_wall(int64_t seconds);

#define CLOCK_RFC5322 80
/* "Fri, 20 Nov 2026 09:44:42 +0000" (RFC 5322 3.3), always UTC. */
const char *clock_format_rfc5322(int64_t seconds, char out[CLOCK_RFC5322]);
#define CLOCK_RFC3339 80
/* "2026-11-20T09:44:42.123456Z" */
const char *clock_format_rfc3339(int64_t us, char out[CLOCK_RFC3339]);

#endif
