/* spill: see spill.h. */
#include "spill.h"
#include "id.h"
#include "log.h"
#include "num.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#define TIME_LEN 10 /* characters of an id that are its time */

static uint64_t
value(char c)
{
	return (uint64_t)(ascii_isdigit(c) ? c - '0' : c - 'a' + 10);
}

static uint64_t
bits(struct span s)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++)
		v = v << 5 | value(s.p[i]);
	return v;
}

void
spill_name(struct span id, char out[SPILL_NAME])
{
	uint64_t time = bits(span_head(id, TIME_LEN));
	uint64_t high = bits(span_head(span_skip(id, TIME_LEN), 8));
	uint64_t low = bits(span_head(span_skip(id, TIME_LEN + 8), 8));
	uint64_t member = 0;

	if (id.n > ID_LEN)
		num_parse_u64(span_skip(id, ID_LEN + 1), &member);
	low += member;
	snprintf(out, SPILL_NAME, "%08llx-%04llx-4%03llx-%04llx-%012llx.json",
	    (unsigned long long)(time >> 16 & 0xffffffff),
	    (unsigned long long)(time & 0xffff),
	    (unsigned long long)(high & 0xfff),
	    (unsigned long long)(0x8000 | (high >> 12 & 0x3fff)),
	    (unsigned long long)((high >> 26 << 40 | low) & 0xffffffffffff));
}

void
spill_remove(const char *dir, struct span id)
{
	char name[SPILL_NAME];
	int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1) {
		if (errno != ENOENT)
			log_warn("spill", "%s: %s", dir, strerror(errno));
		return;
	}
	spill_name(id, name);
	if (unlinkat(fd, name, 0) == -1 && errno != ENOENT)
		log_warn("spill", "%s/%s: %s", dir, name, strerror(errno));
	close(fd);
}
