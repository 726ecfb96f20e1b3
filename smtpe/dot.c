/* dot: see dot.h. */
#include "dot.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum state { START, MIDDLE, AFTER_CR, DOT_SEEN, DOT_CR };

static bool
is_special(char c)
{
	return c == '\r' || c == '\n' || c == '\0';
}

/* Index of the first CR, LF or NUL, or n. This is where the time goes when a
 * large message comes in. */
static size_t
find_special(const char *p, size_t n)
{
	size_t i = 0;

#ifdef __SSE2__
	const __m128i cr = _mm_set1_epi8('\r'), lf = _mm_set1_epi8('\n'),
		      nul = _mm_setzero_si128();

	for (; i + 16 <= n; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(p + i));
		__m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, cr),
		    _mm_or_si128(_mm_cmpeq_epi8(v, lf),
			_mm_cmpeq_epi8(v, nul)));
		int mask = _mm_movemask_epi8(hit);

		if (mask != 0)
			return i + (size_t)__builtin_ctz((unsigned)mask);
	}
#endif
	while (i < n && !is_special(p[i]))
		i++;
	return i;
}

static void
end_line(struct dot *d)
{
	if (d->line > d->longest)
		d->longest = d->line;
	d->line = 0;
}

/*
 * A stretch that needs no decoding: whole lines that do not begin with a dot,
 * and parts of lines. Stops at octets that the slow way has to look at.
 */
static size_t
plain_stretch(struct dot *d, const char *p, size_t n)
{
	size_t i = 0;

	while (i < n) {
		size_t j;

		if (d->state == START && !d->plain && p[i] == '.')
			break;
		j = i + find_special(p + i, n - i);
		d->line += j - i;
		if (j > i)
			d->state = MIDDLE;
		i = j;
		/* CRLF in one piece is the usual case; the rest is slow. */
		if (n - i < 2 || p[i] != '\r' || p[i + 1] != '\n')
			break;
		i += 2;
		end_line(d);
		d->state = START;
	}
	return i;
}

/*
 * One octet in the states that hold something back. When the doubt is over
 * and the octet has a meaning of its own, it is not taken, to be looked at
 * again as part of a line. Returns what comes out.
 */
static struct span
resolve(struct dot *d, char c, bool *taken)
{
	enum state was = d->state;

	*taken = true;
	if (was == DOT_SEEN && c == '\r') {
		d->state = DOT_CR;
		return span_of(NULL);
	}
	if (was == DOT_CR && c == '\n') {
		d->ended = true;
		return span_of(NULL);
	}
	if (was == AFTER_CR && c == '\n') {
		d->state = START;
		end_line(d);
		return SPAN("\r\n");
	}
	*taken = false;
	d->state = MIDDLE;
	if (was == DOT_SEEN) /* the dot was stuffing */
		return span_of(NULL);
	d->bare_cr = true;
	d->line++;
	return SPAN("\r");
}

/* A CR, LF or NUL that is no plain CRLF, or a dot at the start of a line. */
static struct span
special(struct dot *d, const char *c)
{
	if (d->state == START && !d->plain && *c == '.') {
		d->state = DOT_SEEN;
		return span_of(NULL);
	}
	if (*c == '\r') {
		d->state = AFTER_CR;
		return span_of(NULL);
	}
	if (*c == '\n')
		d->bare_lf = true;
	else
		d->nul = true;
	d->line++;
	d->state = MIDDLE;
	return span_make(c, 1);
}

bool
dot_next(struct dot *d, struct span *in, struct span *run)
{
	*run = span_of(NULL);
	while (in->n > 0 && !d->ended && run->n == 0) {
		bool taken = true;
		size_t n = 0;

		if (d->state == START || d->state == MIDDLE)
			n = plain_stretch(d, in->p, in->n);
		if (n > 0) {
			*run = span_head(*in, n);
			*in = span_skip(*in, n);
			break;
		}
		if (d->state == START || d->state == MIDDLE)
			*run = special(d, in->p);
		else
			*run = resolve(d, in->p[0], &taken);
		if (taken)
			*in = span_skip(*in, 1);
	}
	return run->n > 0;
}

struct span
dot_finish(struct dot *d)
{
	d->ended = true;
	if (d->state == START)
		return span_of(NULL);
	if (d->state == AFTER_CR)
		d->bare_cr = true;
	end_line(d);
	return SPAN("\r\n");
}
