/* mailboxes: see mailboxes.h. One element of the list is read token by token
 * into the text of an address, without the white space and the comments that
 * may stand around each. */
#include "mailboxes.h"

/* What has been read of an element. */
struct element {
	struct buf text; /* of the address */
	bool word;	 /* the last token was a word */
	bool phrase;	 /* two words side by side: no address alone */
	bool angle;	 /* within "<>" */
	bool closed;	 /* behind ">" */
};

static bool
is_special(char c)
{
	return strchr("()<>[]:;@\\,.\"", c) != NULL;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Octets up to and with the end of what begins with open, where a backslash
 * takes the next one with it; 0: it has none. */
static size_t
enclosed(struct span s, char open, char close)
{
	unsigned depth = 1;

	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == close && --depth == 0)
			return i + 1;
		else if (s.p[i] == open && open != close)
			depth++;
	}
	return 0;
}

/* White space and comments; false for a comment without an end. */
static bool
skip_blanks(struct span *s)
{
	while (s->n > 0) {
		size_t n = 1;

		if (s->p[0] == '(')
			n = enclosed(*s, '(', ')');
		else if (!is_blank(s->p[0]))
			break;
		if (n == 0)
			return false;
		*s = span_skip(*s, n);
	}
	return true;
}

/* Octets of a word, a quoted string or a literal at the start; 0: none. */
static size_t
word_length(struct span s)
{
	size_t n = 0;

	if (s.p[0] == '"')
		return enclosed(s, '"', '"');
	if (s.p[0] == '[')
		return enclosed(s, '[', ']');
	while (n < s.n && !is_special(s.p[n]) && !is_blank(s.p[n]) &&
	    (unsigned char)s.p[n] >= ' ' && s.p[n] != 0x7f)
		n++;
	return n;
}

/* A word, or one of the two that may stand between words: 0 or -1. */
static int
take_token(struct span *s, struct element *e)
{
	bool joint = s->p[0] == '.' || s->p[0] == '@';
	size_t n = joint ? 1 : word_length(*s);

	if (n == 0 || e->closed)
		return -1;
	e->phrase |= e->word && !joint;
	e->word = !joint;
	buf_put(&e->text, span_head(*s, n));
	*s = span_skip(*s, n);
	return 0;
}

static void
forget(struct element *e)
{
	buf_reset(&e->text);
	e->word = e->phrase = false;
}

/* What divides and encloses: 1 when the element is over, 0 when not, -1. */
static int
take_special(struct mailboxes *m, struct element *e)
{
	char c = m->rest.p[0];

	m->rest = span_skip(m->rest, 1);
	switch (c) {
	case '<':
		if (e->angle || e->closed)
			return -1;
		forget(e);
		e->angle = true;
		return 0;
	case '>':
		e->closed = e->angle;
		e->angle = false;
		return e->closed ? 0 : -1;
	case ':':
		/* A group's name, or in "<>" a route (RFC 5322 4.4). */
		if (e->closed || (!e->angle && (m->group || e->text.n == 0)) ||
		    (e->angle && (e->text.n == 0 || e->text.p[0] != '@')))
			return -1;
		m->group |= !e->angle;
		forget(e);
		return 0;
	case ';':
		if (e->angle || !m->group)
			return -1;
		m->group = false;
		return 1;
	default: /* ',' */
		if (!e->angle)
			return 1;
		/* A route's hosts. */
		return e->text.n > 0 && e->text.p[0] == '@' ? 0 : -1;
	}
}

/* Reads one element: 0, or -1. */
static int
read_element(struct mailboxes *m, struct element *e)
{
	for (;;) {
		int r;

		if (!skip_blanks(&m->rest))
			return -1;
		if (m->rest.n == 0)
			return e->angle || m->group ? -1 : 0;
		if (strchr("<>:;,", m->rest.p[0]) != NULL &&
		    m->rest.p[0] != '\0')
			r = take_special(m, e);
		else
			r = take_token(&m->rest, e);
		if (r != 0)
			return r == 1 ? 0 : -1;
	}
}

int
mailboxes_next(struct mailboxes *m, struct arena *a, struct address *out)
{
	int r = 0;

	while (r == 0 && m->rest.n > 0) {
		struct element e = {0};

		r = read_element(m, &e);
		/* "a@b,,c@d" and an empty group are nothing. */
		if (r == 0 && (e.text.n > 0 || e.closed)) {
			if (!e.phrase && address_parse(buf_span(&e.text), a,
			    out) == NULL)
				r = 1;
			else
				r = -1;
		}
		buf_free(&e.text);
	}
	if (r == 0 && m->group)
		return -1;
	return r;
}
