/*
 * spanmap: numbers by text, in an arena; pure. For many keys that a stranger
 * chose: the seed is ours, so that nobody can make them meet in one place.
 */
#ifndef SPANMAP_H
#define SPANMAP_H

#include "arena.h"
#include <stdint.h>

struct spanmap {
	struct spanmap_slot *slots;
	size_t mask;
	uint64_t seed;
};

/* Room for up to n keys, which it borrows. secret: octets that nobody outside
 * knows yet. */
void spanmap_init(struct spanmap *m, size_t n, struct span secret,
    struct arena *a);

/* Where the number of a key is; a new key's is 0. */
size_t *spanmap_put(struct spanmap *m, struct span key);

/* The same, or NULL when the key is not there. */
size_t *spanmap_find(const struct spanmap *m, struct span key);

#endif
