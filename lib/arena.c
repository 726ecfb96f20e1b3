/* arena: see arena.h. */
#include "arena.h"
#include "die.h"
#include "mem.h"
#include <stdarg.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>

#define FIRST 1000
#define BLOCK 8000

struct arena_block {
	struct arena_block *older;
	size_t size;
	alignas(max_align_t) char data[];
};

static void
add_block(struct arena *a, size_t n)
{
	struct arena_block *b;
	/* Many arenas never need more than a little. */
	size_t size = a->blocks == NULL ? FIRST : BLOCK;

	if (size < n)
		size = n;
	b = mem_alloc(sizeof *b + size);
	b->older = a->blocks;
	b->size = size;
	a->blocks = b;
	a->next = b->data;
	a->left = size;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	char *p;

	if (n > SIZE_MAX / 4)
		die_temp("out of memory");
	n = (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (a->next == NULL || n > a->left)
		add_block(a, n);
	p = a->next;
	a->next += n;
	a->left -= n;
	a->used += n;
	return p;
}

void *
arena_zalloc(struct arena *a, size_t n)
{
	return memset(arena_alloc(a, n), 0, n);
}

struct span
arena_dup(struct arena *a, struct span s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return span_make(p, s.n);
}

const char *
arena_cstr(struct arena *a, struct span s)
{
	return arena_dup(a, s).p;
}

struct span
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		die_bug("arena_printf: format %s", fmt);
	p = arena_alloc(a, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return span_make(p, (size_t)n);
}

static void
free_block(struct arena_block *b)
{
	mem_free(b, sizeof *b + b->size);
}

void
arena_reset(struct arena *a)
{
	struct arena_block *keep = a->blocks;

	a->used = 0;
	if (keep == NULL)
		return;
	while (keep->older != NULL) {
		struct arena_block *older = keep->older;

		/* The newest one of the usual size stays. */
		if (keep->size == BLOCK) {
			keep->older = older->older;
			free_block(older);
		} else {
			free_block(keep);
			keep = older;
		}
	}
	if (keep->size > BLOCK) {
		free_block(keep);
		*a = (struct arena){0};
		return;
	}
	a->blocks = keep;
	a->next = keep->data;
	a->left = keep->size;
}

void
arena_wipe(struct arena *a)
{
	for (struct arena_block *b = a->blocks; b != NULL; b = b->older)
		explicit_bzero(b->data, b->size);
}

void
arena_free(struct arena *a)
{
	while (a->blocks != NULL) {
		struct arena_block *b = a->blocks;

		a->blocks = b->older;
		free_block(b);
	}
	*a = (struct arena){0};
}
