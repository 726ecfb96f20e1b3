/* arena: see arena.h. */
#include "arena.h"
#include "die.h"
#include <stdarg.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK 4000

struct arena_block {
	struct arena_block *older;
	size_t size;
	alignas(max_align_t) char data[];
};

static void
add_block(struct arena *a, size_t n)
{
	struct arena_block *b;
	size_t size = n > BLOCK ? n : BLOCK;

	if (size > SIZE_MAX / 2 || (b = malloc(sizeof *b + size)) == NULL)
		die_temp("out of memory");
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

void
arena_reset(struct arena *a)
{
	struct arena_block *b = a->blocks;

	a->used = 0;
	if (b == NULL)
		return;
	/* The oldest block is of the usual size more often than not. */
	while (b->older != NULL) {
		struct arena_block *older = b->older;

		free(b);
		b = older;
	}
	if (b->size > BLOCK) {
		free(b);
		*a = (struct arena){0};
		return;
	}
	a->blocks = b;
	a->next = b->data;
	a->left = b->size;
}

void
arena_free(struct arena *a)
{
	while (a->blocks != NULL) {
		struct arena_block *b = a->blocks;

		a->blocks = b->older;
		free(b);
	}
	*a = (struct arena){0};
}
