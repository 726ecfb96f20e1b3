/* address_local: the part before the '@' (address_take.h). */
#include "address_take.h"

static const char bad_local[] = "bad local part";

static bool
is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* RFC 5321 4.1.2 atext, by RFC 5322 3.2.3; octets of UTF-8 go their own way. */
static bool
is_atext(char c)
{
	return ascii_isalnum(c) ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* Moves one character, of any length, from s to l. */
static const char *
take(struct span *s, struct address_plain *l)
{
	size_t n = address_character(*s);

	if (n == 0)
		return "bad UTF-8";
	if (l->n + n > sizeof l->p)
		return "local part too long";
	memcpy(l->p + l->n, s->p, n);
	l->n += n;
	*s = span_skip(*s, n);
	return NULL;
}

/* Dot-string: atoms with single dots between them. Stops at what is neither. */
static const char *
take_dot_string(struct span *s, struct address_plain *l)
{
	const char *wrong;
	bool atom = false;

	for (; s->n > 0; atom = l->p[l->n - 1] != '.') {
		char c = s->p[0];

		if (c == '.' ? !atom : !is_atext(c) && !address_is_8bit(c))
			break;
		if ((wrong = take(s, l)) != NULL)
			return wrong;
	}
	return atom ? NULL : bad_local;
}

/* Quoted-string, the cursor on its first quote. A backslash may stand before
 * any printable character and means that character (RFC 5321 4.1.2). */
static const char *
take_quoted(struct span *s, struct address_plain *l)
{
	const char *wrong;

	*s = span_skip(*s, 1);
	for (;;) {
		if (s->n == 0)
			return bad_local;
		if (s->p[0] == '"')
			break;
		if (s->p[0] == '\\') {
			*s = span_skip(*s, 1);
			if (s->n == 0 || address_is_8bit(s->p[0]))
				return bad_local;
		}
		if (is_control(s->p[0]))
			return "control character";
		if ((wrong = take(s, l)) != NULL)
			return wrong;
	}
	*s = span_skip(*s, 1);
	return NULL;
}

static bool
is_dot_string(struct span s)
{
	struct address_plain l;

	l.n = 0;
	return take_dot_string(&s, &l) == NULL && s.n == 0;
}

const char *
address_take_local(struct span *s, struct address_plain *l)
{
	l->n = 0;
	if (s->n > 0 && s->p[0] == '"')
		return take_quoted(s, l);
	return take_dot_string(s, l);
}

size_t
address_format_local(const struct address_plain *l,
    char out[ADDRESS_LOCAL_MAX])
{
	size_t n = 0;

	if (is_dot_string(span_make(l->p, l->n))) {
		memcpy(out, l->p, l->n);
		return l->n;
	}
	out[n++] = '"';
	for (size_t i = 0; i < l->n; i++) {
		bool escape = l->p[i] == '"' || l->p[i] == '\\';

		/* Room for a backslash, the octet and the last quote. */
		if (n + escape + 2 > ADDRESS_LOCAL_MAX)
			return 0;
		if (escape)
			out[n++] = '\\';
		out[n++] = l->p[i];
	}
	out[n++] = '"';
	return n;
}

struct span
address_local_plain(const struct address *addr, struct arena *a)
{
	struct span s = addr->local;
	char *p;
	size_t n = 0;

	if (s.n < 2 || s.p[0] != '"')
		return arena_dup(a, s);
	s = span_make(s.p + 1, s.n - 2);
	p = arena_alloc(a, s.n + 1);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\' && i + 1 < s.n)
			i++;
		p[n++] = s.p[i];
	}
	p[n] = '\0';
	return span_make(p, n);
}
