/*
 * duration: times as people say them, "20 minutes", "1 hour 30 min", "1h30m",
 * beside those of the controls (num_parse_time). Pure.
 */
#ifndef DURATION_H
#define DURATION_H

#include "span.h"
#include <stdint.h>

/* Milliseconds: 0, or -1 with *ms as it was. A number without a unit is
 * seconds; it stands alone. At most a century of centuries. */
int duration_parse(struct span s, int64_t *ms);

#endif
