/* der: see der.h. */
#include "der.h"

static unsigned
octet(struct span s, size_t i)
{
	return (unsigned char)s.p[i];
}

bool
der_next(struct span *s, unsigned *tag, struct span *content)
{
	size_t head = 2, n;

	if (s->n < 2 || (octet(*s, 0) & 0x1f) == 0x1f)
		return false;
	n = octet(*s, 1);
	if (n >= 0x80) {
		size_t more = n - 0x80;

		if (more == 0 || more > 3 || s->n < 2 + more)
			return false;
		n = 0;
		for (size_t i = 0; i < more; i++)
			n = n << 8 | octet(*s, 2 + i);
		head += more;
	}
	if (n > s->n - head)
		return false;
	*tag = octet(*s, 0);
	*content = span_head(span_skip(*s, head), n);
	*s = span_skip(*s, head + n);
	return true;
}

bool
der_take(struct span *s, unsigned tag, struct span *content)
{
	struct span rest = *s;
	unsigned t;

	if (!der_next(&rest, &t, content) || t != tag)
		return false;
	*s = rest;
	return true;
}

bool
der_take_whole(struct span *s, unsigned tag, struct span *whole)
{
	struct span content;
	const char *from = s->p;

	if (!der_take(s, tag, &content))
		return false;
	*whole = span_make(from, (size_t)(s->p - from));
	return true;
}

bool
der_take_number(struct span *s, struct span *number)
{
	struct span rest = *s, n;

	if (!der_take(&rest, DER_INTEGER, &n) || n.n == 0 ||
	    (octet(n, 0) & 0x80) != 0)
		return false;
	while (n.n > 0 && n.p[0] == '\0')
		n = span_skip(n, 1);
	*number = n;
	*s = rest;
	return true;
}
