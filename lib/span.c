/* span: see span.h. */
#include "span.h"

bool
span_ieq(struct span a, struct span b)
{
	return a.n == b.n && span_istarts(a, b);
}

bool
span_istarts(struct span s, struct span prefix)
{
	if (s.n < prefix.n)
		return false;
	for (size_t i = 0; i < prefix.n; i++)
		if (ascii_lower(s.p[i]) != ascii_lower(prefix.p[i]))
			return false;
	return true;
}

bool
span_iends(struct span s, struct span suffix)
{
	return s.n >= suffix.n &&
	    span_istarts(span_skip(s, s.n - suffix.n), suffix);
}

size_t
span_chr(struct span s, char c)
{
	const char *p = s.n ? memchr(s.p, c, s.n) : NULL;

	return p ? (size_t)(p - s.p) : s.n;
}

size_t
span_rchr(struct span s, char c)
{
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] == c)
			return i - 1;
	return s.n;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct span
span_trim(struct span s)
{
	while (s.n && is_blank(s.p[0]))
		s = span_skip(s, 1);
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool
span_cut(struct span *rest, char sep, struct span *token)
{
	size_t i;

	if (rest->p == NULL) {
		*token = span_of(NULL);
		return false;
	}
	i = span_chr(*rest, sep);
	*token = span_head(*rest, i);
	if (i == rest->n)
		*rest = span_make(NULL, 0);
	else
		*rest = span_skip(*rest, i + 1);
	return true;
}

bool
span_word(struct span *rest, struct span *word)
{
	size_t i = 0;

	while (rest->n && is_blank(rest->p[0]))
		*rest = span_skip(*rest, 1);
	while (i < rest->n && !is_blank(rest->p[i]))
		i++;
	*word = span_head(*rest, i);
	*rest = span_skip(*rest, i);
	return i > 0;
}
