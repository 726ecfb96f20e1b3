/*
 * span: borrowed bytes, the only string type beside struct buf.
 *
 * A span never owns and is never NUL-terminated; it may hold any byte.
 * Whoever makes one says how long the bytes live. Nothing here allocates.
 */
#ifndef SPAN_H
#define SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char *p;
	size_t n;
};

/* A span of a string literal, usable in static initialisers. */
#define SPAN_LIT(s) {(s), sizeof(s) - 1}
#define SPAN(s)	    ((struct span)SPAN_LIT(s))

/* For printf's "%.*s". */
#define SPAN_ARG(s) (int)(s).n, (s).p

/* The span of a NUL-terminated string; NULL gives the empty span. */
static inline struct span
span_of(const char *s)
{
	return (struct span){s ? s : "", s ? strlen(s) : 0};
}

static inline struct span
span_make(const char *p, size_t n)
{
	return (struct span){p, n};
}

static inline bool
span_eq(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* The part after the first n octets (n is cut to the length). */
static inline struct span
span_skip(struct span s, size_t n)
{
	if (n > s.n)
		n = s.n;
	return (struct span){s.p + n, s.n - n};
}

/* The first n octets (n is cut to the length). */
static inline struct span
span_head(struct span s, size_t n)
{
	return (struct span){s.p, n < s.n ? n : s.n};
}

/* ASCII only, whatever the locale says. */
static inline char
ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static inline bool
ascii_isdigit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
ascii_isalpha(char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static inline bool
ascii_isalnum(char c)
{
	return ascii_isdigit(c) || ascii_isalpha(c);
}

/* Value of a hexadecimal digit, or -1. */
static inline int
ascii_hex(char c)
{
	if (ascii_isdigit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* ASCII case-insensitive comparisons. */
bool span_ieq(struct span a, struct span b);
bool span_istarts(struct span s, struct span prefix);
bool span_iends(struct span s, struct span suffix);

/* Index of the first or last octet c, or s.n when there is none. */
size_t span_chr(struct span s, char c);
size_t span_rchr(struct span s, char c);

/* Without spaces and tabs at either end. */
struct span span_trim(struct span s);

/*
 * Cuts *rest at the first sep: *token is what stands before it and *rest what
 * stands after. Returns false, with *token empty, once *rest is used up
 * (rest->p is NULL then). "a,,b" gives three tokens; "" gives one, empty.
 */
bool span_cut(struct span *rest, char sep, struct span *token);

/* The next run of octets that are neither space nor tab; false at the end. */
bool span_word(struct span *rest, struct span *word);

#endif
