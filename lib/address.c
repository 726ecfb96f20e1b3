/* address: see address.h. A cursor (struct span *) walks over the text; what
 * is taken is copied into bounded buffers, and only a whole, valid address
 * reaches the arena. */
#include "address.h"
#include "ip.h"
#include <stdio.h>

static const char bad_utf8[] = "bad UTF-8";
static const char bad_literal[] = "bad address literal";
static const char bad_local[] = "bad local part";
static const char bad_domain[] = "bad domain";
static const char bad_route[] = "bad source route";
static const char local_too_long[] = "local part too long";
static const char domain_too_long[] = "domain too long";
static const char no_address[] = "no address";
static const char no_bracket[] = "no closing bracket";
static const char no_domain[] = "no domain";

/* The local part as its owner means it, without quotes. */
struct plain {
	size_t n;
	char p[ADDRESS_LOCAL_MAX];
};

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

static bool
is_8bit(char c)
{
	return (unsigned char)c >= 0x80;
}

/*
 * The length of the character at the start of s, which is not ASCII; 0 when
 * it is not well-formed or a C1 control (U+0080..U+009F), which terminals
 * that show our log would obey.
 */
static size_t
wide_length(struct span s)
{
	size_t n = utf8_length(s);

	if (n == 2 && (unsigned char)s.p[0] == 0xc2 &&
	    (unsigned char)s.p[1] < 0xa0)
		return 0;
	return n;
}

/* Moves one character, of any length, from s to l. */
static const char *
take(struct span *s, struct plain *l)
{
	size_t n = is_8bit(s->p[0]) ? wide_length(*s) : 1;

	if (n == 0)
		return bad_utf8;
	if (l->n + n > sizeof l->p)
		return local_too_long;
	memcpy(l->p + l->n, s->p, n);
	l->n += n;
	*s = span_skip(*s, n);
	return NULL;
}

/* Dot-string: atoms with single dots between them. Stops at what is neither. */
static const char *
take_dot_string(struct span *s, struct plain *l)
{
	const char *wrong;
	bool atom = false;

	for (; s->n > 0; atom = l->p[l->n - 1] != '.') {
		char c = s->p[0];

		if (c == '.' ? !atom : !is_atext(c) && !is_8bit(c))
			break;
		if ((wrong = take(s, l)) != NULL)
			return wrong;
	}
	return atom ? NULL : bad_local;
}

/* Quoted-string, the cursor on its first quote. A backslash may stand before
 * any printable character and means that character (RFC 5321 4.1.2). */
static const char *
take_quoted(struct span *s, struct plain *l)
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
			if (s->n == 0 || is_8bit(s->p[0]))
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
	struct plain l;

	l.n = 0;
	return take_dot_string(&s, &l) == NULL && s.n == 0;
}

/* The one spelling of a local part: quotes and backslashes only where they
 * are needed. Returns its length, or 0 when it is too long. */
static size_t
format_local(const struct plain *l, char out[ADDRESS_LOCAL_MAX])
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

/* One label, without its dots. Characters are counted, not octets: the limit
 * is DNS's, and an A-label is never shorter than its characters. */
static bool
label_valid(struct span s)
{
	size_t chars = 0;

	if (s.n == 0 || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t n; s.n > 0; s = span_skip(s, n)) {
		char c = s.p[0];

		n = is_8bit(c) ? wide_length(s) : 1;
		if (n == 0 || ++chars > 63)
			return false;
		if (!is_8bit(c) && !ascii_isalnum(c) && c != '-' && c != '_')
			return false;
	}
	return true;
}

bool
address_domain_valid(struct span s)
{
	struct span label;

	if (s.n == 0 || s.n > ADDRESS_DOMAIN_MAX)
		return false;
	while (span_cut(&s, '.', &label))
		if (!label_valid(label))
			return false;
	return true;
}

/* Takes a domain name: the longest run of octets that may be in one. */
static const char *
take_domain(struct span *s, struct span *domain)
{
	size_t n = 0;

	while (n < s->n && n <= ADDRESS_DOMAIN_MAX &&
	    (ascii_isalnum(s->p[n]) || is_8bit(s->p[n]) || s->p[n] == '-' ||
		s->p[n] == '_' || s->p[n] == '.'))
		n++;
	*domain = span_head(*s, n);
	*s = span_skip(*s, n);
	if (n == 0)
		return no_domain;
	if (n > ADDRESS_DOMAIN_MAX)
		return domain_too_long;
	if (!utf8_valid(*domain))
		return bad_utf8;
	return address_domain_valid(*domain) ? NULL : bad_domain;
}

/*
 * Takes an address literal (RFC 5321 4.1.3), the cursor on its bracket, and
 * puts its one spelling into out, of size octets. Tags other than IPv6 are
 * refused: nobody can say what they mean.
 */
static const char *
take_literal(struct span *s, char *out, size_t size)
{
	struct span in = span_skip(*s, 1), tag = SPAN("IPv6:");
	size_t n = span_chr(span_head(in, tag.n + IP_TEXT), ']');
	char text[IP_TEXT];
	struct ip ip;
	bool v6;

	if (n == in.n || in.p[n] != ']')
		return bad_literal;
	*s = span_skip(in, n + 1);
	in = span_head(in, n);
	v6 = span_istarts(in, tag);
	if (v6)
		in = span_skip(in, tag.n);
	if ((span_chr(in, ':') < in.n) != v6 || ip_parse(in, &ip) == -1)
		return bad_literal;
	snprintf(out, size, "[%s%s]", ip.family == AF_INET6 ? "ipv6:" : "",
	    ip_format(&ip, text));
	return NULL;
}

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
		wrong = take_literal(s, m->text + m->n, sizeof m->text - m->n);
		if (wrong == NULL)
			m->n += strlen(m->text + m->n);
		return wrong;
	}
	if ((wrong = take_domain(s, &domain)) != NULL)
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
	struct plain plain;
	const char *wrong;

	plain.n = 0;
	if (s->n > 0 && s->p[0] == '"')
		wrong = take_quoted(s, &plain);
	else
		wrong = take_dot_string(s, &plain);
	if (wrong != NULL)
		return wrong;
	m->literal = false;
	m->local = m->n = format_local(&plain, m->text);
	if (m->n == 0)
		return local_too_long;
	if ((flags & ADDRESS_POSTMASTER_OK) != 0 && at_end(*s, bracket) &&
	    span_ieq(span_make(m->text, m->n), SPAN("postmaster"))) {
		memcpy(m->text, "postmaster", m->n);
		return NULL;
	}
	if (s->n == 0 || s->p[0] != '@')
		return s->n == 0 || at_end(*s, bracket) ? no_domain : bad_local;
	*s = span_skip(*s, 1);
	m->text[m->n++] = '@';
	if ((wrong = take_host(s, m)) != NULL)
		return wrong;
	if (at_end(*s, bracket))
		return NULL;
	return s->n == 0 ? no_bracket : bad_domain;
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
		if (take_domain(s, &domain) != NULL || s->n == 0)
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
