/* buf: see buf.h. */
#include "buf.h"
#include "die.h"
#include "mem.h"
#include <stdint.h>
#include <stdio.h>

char *
buf_reserve(struct buf *b, size_t more)
{
	size_t cap = b->cap ? b->cap : 128;
	char *p;

	if (b->cap - b->n >= more && b->p != NULL)
		return b->p + b->n;
	if (more > SIZE_MAX / 2 - b->n)
		die_temp("out of memory");
	while (cap - b->n < more)
		cap *= 2;
	p = mem_realloc(b->p, b->cap, cap);
	b->p = p;
	b->cap = cap;
	return b->p + b->n;
}

void
buf_put(struct buf *b, struct span s)
{
	if (s.n == 0)
		return;
	memcpy(buf_reserve(b, s.n), s.p, s.n);
	b->n += s.n;
}

void
buf_puts(struct buf *b, const char *s)
{
	buf_put(b, span_of(s));
}

void
buf_putc(struct buf *b, char c)
{
	*buf_reserve(b, 1) = c;
	b->n++;
}

void
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n < 0)
		die_bug("buf_vprintf: format %s", fmt);
	/* One more than n: vsnprintf() ends with a NUL. */
	vsnprintf(buf_reserve(b, (size_t)n + 1), (size_t)n + 1, fmt, again);
	va_end(again);
	b->n += (size_t)n;
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void
buf_putu(struct buf *b, unsigned long long v)
{
	char digits[20];
	size_t i = sizeof digits;

	do
		digits[--i] = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	buf_put(b, span_make(digits + i, sizeof digits - i));
}

const char *
buf_cstr(struct buf *b)
{
	*buf_reserve(b, 1) = '\0';
	return b->p;
}

void
buf_free(struct buf *b)
{
	mem_free(b->p, b->cap);
	*b = (struct buf){NULL, 0, 0};
}
