/*
 * arena: memory that goes all at once. The session has one and each
 * transaction has one, so that ten thousand messages on one connection stay
 * as small as one. A zeroed struct arena is an empty one.
 */
#ifndef ARENA_H
#define ARENA_H

#include "span.h"

struct arena_block;

struct arena {
	struct arena_block *blocks;
	char *next;
	size_t left;
	size_t used; /* octets handed out since the last reset, for limits */
};

/* Never fails (die_temp); aligned for any object; not zeroed. */
void *arena_alloc(struct arena *a, size_t n);
void *arena_zalloc(struct arena *a, size_t n);

/* A copy that lives as long as the arena; it is followed by a NUL. */
struct span arena_dup(struct arena *a, struct span s);
const char *arena_cstr(struct arena *a, struct span s);
struct span arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Zeroes all that lies in it, secrets of a dialogue for one. It stays handed
 * out. */
void arena_wipe(struct arena *a);

/* Frees everything but one block, which the next use starts with. */
void arena_reset(struct arena *a);
void arena_free(struct arena *a);

#endif
