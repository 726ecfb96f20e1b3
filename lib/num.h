/*
 * num: numbers as people write them, strictly: no sign, no blanks, no
 * trailing text, overflow is an error. All return 0, or -1 with *out as it
 * was.
 */
#ifndef NUM_H
#define NUM_H

#include "span.h"
#include <stdint.h>

int num_parse_u64(struct span s, uint64_t *out);

/* At most max. */
int num_parse_max(struct span s, uint64_t max, uint64_t *out);

/* "65536", "64k", "50M", "50MiB", "2G": octets, powers of 1024. */
int num_parse_size(struct span s, uint64_t *out);

/* "300", "1.5", "90s", "250ms", "5m", "4h", "7d", "2w": milliseconds. */
int num_parse_time(struct span s, int64_t *ms);

/* "0", "1", "no", "yes", "off", "on", "false", "true". */
int num_parse_bool(struct span s, bool *out);

#endif
