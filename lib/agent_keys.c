/* agent_keys: see agent_keys.h. Each key has one place, by its hash. */
#include "agent_keys.h"
#include <stdint.h>

#define KNOWN 1024 /* a power of 2 */

static uint64_t known[KNOWN];

static uint64_t
hash(struct span key)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < key.n; i++)
		h = (h ^ (unsigned char)ascii_lower(key.p[i])) *
		    1099511628211u;
	return h | 1;
}

static uint64_t *
place_of(uint64_t h)
{
	return &known[h >> 20 & (KNOWN - 1)];
}

bool
keys_known(struct span key)
{
	uint64_t h = hash(key);

	return key.n == 0 || *place_of(h) == h;
}

void
keys_note(struct span key)
{
	uint64_t h = hash(key);

	*place_of(h) = h;
}
