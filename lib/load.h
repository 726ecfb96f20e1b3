/*
 * load: how busy and how full the machine is. Each call is one or three system
 * calls; nothing is kept. All return 0, or -1 and errno where the system does
 * not say (a kernel without /proc/pressure: ENOENT).
 */
#ifndef LOAD_H
#define LOAD_H

#include "span.h"
#include <stdint.h>

/* Load averages over 1, 5 and 15 minutes, in hundredths. */
int load_averages(uint64_t out[3]);

/* Time that tasks waited for something, in hundredths of a percent of the
 * last ten seconds: some of them, and all at once. */
struct load_pressure {
	uint64_t some, full;
};
/* resource: "memory", "io" or "cpu". */
int load_pressure(const char *resource, struct load_pressure *out);

/* Memory that can be had without swapping, in octets. */
int load_memory(uint64_t *octets);

/*
 * Room on the filesystem that dir is on or, when it does not exist, will be
 * on: octets and files for those who are not root; UINT64_MAX where a
 * filesystem does not count files.
 */
int load_room(const char *dir, uint64_t *octets, uint64_t *files);

/* Parsing of what the kernel says, for load.c and its tests. */
int load_parse_pressure(struct span text, struct load_pressure *out);
int load_parse_memory(struct span text, uint64_t *octets);

#endif
