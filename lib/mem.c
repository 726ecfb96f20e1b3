/* mem: see mem.h. */
#include "mem.h"
#include "die.h"
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define POOL  65536
#define LARGE 16384 /* pieces of this size never come from the pool */

/* Address sanitizers see nothing inside one array: they get malloc. */
#if defined(__SANITIZE_ADDRESS__)
#define POOL_USED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOL_USED 0
#endif
#endif
#ifndef POOL_USED
#define POOL_USED POOL
#endif

static alignas(max_align_t) char pool[POOL]
    __attribute__((section(".bss.zlast")));
static size_t used;

static size_t
rounded(size_t n)
{
	return (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

static int
in_pool(const void *p)
{
	uintptr_t at = (uintptr_t)p, start = (uintptr_t)pool;

	return at >= start && at < start + POOL;
}

void *
mem_alloc(size_t n)
{
	void *p;

	if (n < LARGE && rounded(n) <= POOL_USED - used) {
		p = pool + used;
		used += rounded(n);
		return p;
	}
	if (n > SIZE_MAX / 2 || (p = malloc(n ? n : 1)) == NULL)
		die_temp("out of memory");
	return p;
}

static int
is_last(const void *p, size_t n)
{
	return (const char *)p + rounded(n) == pool + used;
}

void *
mem_realloc(void *p, size_t old, size_t n)
{
	void *to;

	if (p != NULL && !in_pool(p)) {
		if (n > SIZE_MAX / 2 || (p = realloc(p, n ? n : 1)) == NULL)
			die_temp("out of memory");
		return p;
	}
	if (p != NULL && is_last(p, old) && n < LARGE &&
	    rounded(n) <= POOL_USED - (size_t)((char *)p - pool)) {
		used = (size_t)((char *)p - pool) + rounded(n);
		return p;
	}
	to = mem_alloc(n);
	if (p != NULL) {
		memcpy(to, p, old < n ? old : n);
		mem_free(p, old);
	}
	return to;
}

void
mem_free(void *p, size_t n)
{
	if (p == NULL)
		return;
	if (!in_pool(p))
		free(p);
	else if (is_last(p, n))
		used = (size_t)((char *)p - pool);
}
