/* authres: see authres.h. */
#include "authres.h"

static bool
is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* RFC 5322 3.2.2: comments nest, a backslash takes the next octet with it. */
static struct span
skip_cfws(struct span s)
{
	size_t depth = 0;

	while (s.n > 0) {
		char c = s.p[0];

		if (depth > 0 && c == '\\' && s.n > 1)
			s = span_skip(s, 1);
		else if (c == '(')
			depth++;
		else if (depth > 0 && c == ')')
			depth--;
		else if (depth == 0 && !is_white(c))
			break;
		s = span_skip(s, 1);
	}
	return s;
}

/* The next octet of a quoted string, its quoting undone; false at its end. */
static bool
next_quoted(struct span *s, char *c)
{
	/* A fold is nothing (RFC 5322 3.2.4). */
	while (s->n > 0 && (s->p[0] == '\r' || s->p[0] == '\n'))
		*s = span_skip(*s, 1);
	if (s->n == 0 || s->p[0] == '"')
		return false;
	if (s->p[0] == '\\' && s->n > 1)
		*s = span_skip(*s, 1);
	*c = s->p[0];
	*s = span_skip(*s, 1);
	return true;
}

static bool
quoted_is(struct span s, struct span id)
{
	size_t i = 0;
	char c;

	while (next_quoted(&s, &c)) {
		if (i == id.n || ascii_lower(c) != ascii_lower(id.p[i]))
			return false;
		i++;
	}
	return i == id.n;
}

bool
authres_is_from(struct span value, struct span id)
{
	struct span s = skip_cfws(value);
	size_t n = 0;

	if (s.n > 0 && s.p[0] == '"')
		return quoted_is(span_skip(s, 1), id);
	while (n < s.n && !is_white(s.p[n]) && s.p[n] != ';' &&
	    s.p[n] != '(')
		n++;
	return span_ieq(span_head(s, n), id);
}
