/* utf8: see utf8.h. */
#include "utf8.h"

/* The second octet's range is narrower after some first ones: that is what
 * keeps overlongs, surrogates and what is past U+10FFFF out. */
static bool
second_ok(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return second >= 0x80 && second <= 0xbf;
	}
}

size_t
utf8_length(struct span s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t n;

	if (s.n == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (s.n < n || !second_ok(p[0], p[1]))
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

bool
utf8_valid(struct span s)
{
	while (s.n > 0) {
		size_t n = utf8_length(s);

		if (n == 0)
			return false;
		s = span_skip(s, n);
	}
	return true;
}

bool
utf8_needed(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return true;
	return false;
}

unsigned
utf8_point(struct span s, size_t n)
{
	unsigned c = (unsigned char)s.p[0];

	if (n == 1)
		return c;
	c &= 0x7fu >> n;
	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)s.p[i] & 0x3f);
	return c;
}

void
utf8_put_ascii(struct buf *out, struct span s)
{
	for (size_t n; s.n > 0; s = span_skip(s, n)) {
		n = utf8_length(s);
		if (n == 1)
			buf_putc(out, s.p[0]);
		else if (n == 0)
			buf_putc(out, '?');
		else
			buf_printf(out, "\\x{%02X}", utf8_point(s, n));
		n += n == 0;
	}
}
