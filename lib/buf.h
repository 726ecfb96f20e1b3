/*
 * buf: owned, growing bytes. A zeroed struct buf is an empty one.
 *
 * Growth cannot fail from the caller's view: without memory the process ends
 * through die_temp(), which is a 4xx for whoever is talking to us. So check
 * limits before you put what a peer sent.
 */
#ifndef BUF_H
#define BUF_H

#include "span.h"
#include <stdarg.h>

struct buf {
	char *p;
	size_t n, cap;
};

/* Makes room for at least more octets beyond n and returns where they go. */
char *buf_reserve(struct buf *b, size_t more);

void buf_put(struct buf *b, struct span s);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
/* A decimal number, without printf's price. */
void buf_putu(struct buf *b, unsigned long long v);

/* The contents as a C string; the NUL is not counted in n. */
const char *buf_cstr(struct buf *b);

static inline struct span
buf_span(const struct buf *b)
{
	return (struct span){b->p ? b->p : "", b->n};
}

/* Empties, keeping the memory. */
static inline void
buf_reset(struct buf *b)
{
	b->n = 0;
}

void buf_free(struct buf *b);

#endif
