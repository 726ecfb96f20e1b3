/* address: see address.h. What is taken (address_take.h) is copied into
 * bounded buffers, and only a whole, valid address reaches the arena. */
#include "address_take.h"

static const char bad_domain[] = "bad domain";
static const char bad_route[] = "bad source route";
static const char no_address[] = "no address";

/* A mailbox in its one spelling, on the way to the arena. */
struct mailbox {
	char text[ADDRESS_MAX + 1];
	size_t n;
	size_t local; /* octets of the local part */
	bool literal;
};

/* Takes what stands after the '@'. */
static const char *
take_host(struct span *s, struct mailbox *m)
{
	const char *wrong;
	struct span domain;

	m->literal = s->n > 0 && s->p[0] == '[';
	if (m->literal) {
		wrong = address_take_literal(s, m->text + m->n,
		    sizeof m->text - m->n);
		if (wrong == NULL)
			m->n += strlen(m->text + m->n);
		return wrong;
	}
	if ((wrong = address_take_domain(s, &domain)) != NULL)
		return wrong;
	for (size_t i = 0; i < domain.n; i++)
		m->text[m->n++] = ascii_lower(domain.p[i]);
	return NULL;
}

static bool
at_end(struct span s, bool bracket)
{
	return bracket ? s.n > 0 && s.p[0] == '>' : s.n == 0 || s.p[0] == ' ';
}

/* Takes a mailbox. bracket: it ends before '>', else before ' ' or at the end.
 */
static const char *
take_mailbox(struct span *s, bool bracket, unsigned flags, struct mailbox *m)
{
	struct address_plain plain;
	const char *wrong;

	if ((wrong = address_take_local(s, &plain)) != NULL)
		return wrong;
	m->literal = false;
	m->local = m->n = address_format_local(&plain, m->text);
	if (m->n == 0)
		return "local part too long";
	if ((flags & ADDRESS_POSTMASTER_OK) != 0 && at_end(*s, bracket) &&
	    span_ieq(span_make(m->text, m->n), SPAN("postmaster"))) {
		memcpy(m->text, "postmaster", m->n);
		return NULL;
	}
	if (s->n == 0 || s->p[0] != '@')
		return s->n == 0 || at_end(*s, bracket) ? "no domain" :
							  "bad local part";
	*s = span_skip(*s, 1);
	m->text[m->n++] = '@';
	if ((wrong = take_host(s, m)) != NULL)
		return wrong;
	if (at_end(*s, bracket))
		return NULL;
	return s->n == 0 ? "no closing bracket" : bad_domain;
}

/* Takes "@one,@two:". RFC 5321 4.1.1.3 and appendix C: read and ignored. */
static const char *
take_route(struct span *s)
{
	struct span domain;

	for (;;) {
		if (s->n == 0 || s->p[0] != '@')
			return bad_route;
		*s = span_skip(*s, 1);
		if (address_take_domain(s, &domain) != NULL || s->n == 0)
			return bad_route;
		if (s->p[0] == ':')
			break;
		if (s->p[0] != ',')
			return bad_route;
		*s = span_skip(*s, 1);
	}
	*s = span_skip(*s, 1);
	return NULL;
}

static void
finish(const struct mailbox *m, struct arena *a, struct address *out)
{
	struct span text = arena_dup(a, span_make(m->text, m->n));

	out->text = text;
	out->local = span_head(text, m->local);
	out->domain = span_skip(text, m->local + 1);
	out->literal = m->literal;
	out->utf8 = utf8_needed(text);
}

const char *
address_parse_path(struct span s, unsigned flags, struct arena *a,
    struct address *out, struct span *rest)
{
	const char *wrong;
	struct mailbox m;
	bool bracket;

	while (s.n > 0 && s.p[0] == ' ')
		s = span_skip(s, 1);
	if (s.n == 0)
		return no_address;
	bracket = s.p[0] == '<';
	if (bracket)
		s = span_skip(s, 1);
	if (bracket && s.n > 0 && s.p[0] == '>') {
		if ((flags & ADDRESS_NULL_OK) == 0)
			return no_address;
		m = (struct mailbox){0};
	} else {
		if (bracket && s.n > 0 && s.p[0] == '@' &&
		    (wrong = take_route(&s)) != NULL)
			return wrong;
		if ((wrong = take_mailbox(&s, bracket, flags, &m)) != NULL)
			return wrong;
	}
	if (bracket)
		s = span_skip(s, 1);
	if (s.n > 0 && s.p[0] != ' ')
		return "no space after the address";
	finish(&m, a, out);
	*rest = s;
	return NULL;
}

const char *
address_parse(struct span s, struct arena *a, struct address *out)
{
	const char *wrong;
	struct mailbox m;

	if (s.n == 0)
		return no_address;
	if ((wrong = take_mailbox(&s, false, 0, &m)) != NULL)
		return wrong;
	if (s.n > 0)
		return bad_domain;
	finish(&m, a, out);
	return NULL;
}
