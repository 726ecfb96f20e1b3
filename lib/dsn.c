/* dsn: see dsn.h. */
#include "dsn.h"
#include "escape.h"
#include "params.h"
#include "utf8.h"

static const char bad_xtext[] = "not xtext";
static const char not_printable[] = "not printable";

/* RFC 3461 4: what stands for itself in xtext; RFC 6533 3 takes the backslash
 * away too. */
static bool
is_xchar(char c)
{
	return c > ' ' && c < 0x7f && c != '+' && c != '=';
}

static bool
is_upper_hex(char c)
{
	return ascii_isdigit(c) || (c >= 'A' && c <= 'F');
}

/* Graphic and white space (RFC 3461 4.2 and 4.4): it will stand in a field.
 * C1 controls are controls too: a terminal that shows them obeys. */
static bool
is_printable(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
		if (c == 0xc2 && i + 1 < s.n &&
		    (unsigned char)s.p[i + 1] < 0xa0)
			return false;
	}
	return true;
}

static const char *
decode_xtext(struct span s, struct arena *a, struct span *out)
{
	for (size_t i = 0; i < s.n; i++) {
		if (is_xchar(s.p[i]))
			continue;
		if (s.p[i] != '+' || s.n - i < 3 ||
		    !is_upper_hex(s.p[i + 1]) || !is_upper_hex(s.p[i + 2]))
			return bad_xtext;
		i += 2;
	}
	if (escape_undo_mark('+', s, a, out) == -1)
		return bad_xtext;
	/* Beyond ASCII is what "utf-8" is for. */
	return is_printable(*out) && !utf8_needed(*out) ? NULL : not_printable;
}

const char *
dsn_parse_ret(struct span value, enum dsn_ret *ret)
{
	if (span_ieq(value, SPAN("FULL")))
		*ret = DSN_RET_FULL;
	else if (span_ieq(value, SPAN("HDRS")))
		*ret = DSN_RET_HDRS;
	else
		return "neither FULL nor HDRS";
	return NULL;
}

const char *
dsn_parse_envid(struct span value, struct arena *a, struct span *envid)
{
	if (value.n == 0)
		return "empty";
	if (value.n > DSN_ENVID_MAX)
		return "too long";
	return decode_xtext(value, a, envid);
}

const char *
dsn_parse_notify(struct span value, unsigned *notify)
{
	struct span word;
	unsigned n = 0;

	if (span_ieq(value, SPAN("NEVER"))) {
		*notify = DSN_NEVER;
		return NULL;
	}
	while (span_cut(&value, ',', &word)) {
		if (span_ieq(word, SPAN("SUCCESS")))
			n |= DSN_SUCCESS;
		else if (span_ieq(word, SPAN("FAILURE")))
			n |= DSN_FAILURE;
		else if (span_ieq(word, SPAN("DELAY")))
			n |= DSN_DELAY;
		else if (span_ieq(word, SPAN("NEVER")))
			return "NEVER stands alone";
		else
			return "not NEVER, SUCCESS, FAILURE, DELAY";
	}
	*notify = n;
	return NULL;
}

/* A code point that is at most U+10FFFF; its octets, 1 to 4. */
static size_t
put_utf8(char *p, unsigned c)
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = n; i-- > 1; c >>= 6)
		p[i] = (char)(0x80 | (c & 0x3f));
	p[0] = (char)(first[n] | c);
	return n;
}

/*
 * RFC 6533 3, EmbeddedUnicodeChar: \x{HEXPOINT}, upper case, without leading
 * zeros, of what could not stand for itself. Controls are in its syntax, and
 * refused like everywhere (is_printable). Takes it off *s.
 */
static const char *
take_embedded(struct span *s, unsigned *point)
{
	static const char wrong[] = "bad \\x{...}";
	size_t end = span_chr(*s, '}');
	unsigned c = 0;

	if (end == s->n || end < 5 || end > 9 || s->p[1] != 'x' ||
	    s->p[2] != '{')
		return wrong;
	for (size_t i = 3; i < end; i++) {
		if (!is_upper_hex(s->p[i]))
			return wrong;
		c = c << 4 | (unsigned)ascii_hex(s->p[i]);
	}
	if ((end > 5 && s->p[3] == '0') || c > 0x10ffff ||
	    (c >= 0xd800 && c <= 0xdfff) ||
	    (c < 0x80 && is_xchar((char)c) && c != '\\'))
		return wrong;
	*point = c;
	*s = span_skip(*s, end + 1);
	return NULL;
}

/* utf-8-addr-unitext, or with utf8 false utf-8-addr-xtext. What is decoded is
 * never longer. */
static const char *
decode_utf8(struct span s, bool utf8, struct arena *a, struct span *out)
{
	char *p = arena_alloc(a, s.n + 1);
	size_t have = 0, n;
	const char *wrong;

	for (; s.n > 0; have += n) {
		unsigned c;

		if (s.p[0] == '\\') {
			if ((wrong = take_embedded(&s, &c)) != NULL)
				return wrong;
			n = put_utf8(p + have, c);
			continue;
		}
		n = utf8_length(s);
		if (n == 0)
			return "bad UTF-8";
		if (n > 1 && !utf8)
			return "UTF-8 without SMTPUTF8";
		if (n == 1 && !is_xchar(s.p[0]))
			return bad_xtext;
		memcpy(p + have, s.p, n);
		s = span_skip(s, n);
	}
	*out = span_make(p, have);
	return is_printable(*out) ? NULL : not_printable;
}

/* An addr-type is an atom; those of IANA's list are letters, digits, '-'. */
static bool
is_type(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_isalnum(s.p[i]) && s.p[i] != '-')
			return false;
	return s.n > 0;
}

const char *
dsn_parse_orcpt(struct span value, bool utf8, struct arena *a,
    struct span *type, struct span *orcpt)
{
	if (value.n > DSN_ORCPT_MAX)
		return "too long";
	span_cut(&value, ';', type);
	if (value.p == NULL)
		return "no type";
	if (!is_type(*type))
		return "bad type";
	if (value.n == 0)
		return "no address";
	if (span_ieq(*type, SPAN("utf-8")))
		return decode_utf8(value, utf8, a, orcpt);
	return decode_xtext(value, a, orcpt);
}

void
dsn_mail_params(struct span params, struct arena *a, struct dsn_mail *m)
{
	struct span v;

	memset(m, 0, sizeof *m);
	if (params_find(params, SPAN("RET"), &v) &&
	    dsn_parse_ret(v, &m->ret) == NULL)
		m->ret_word = v;
	if (!params_find(params, SPAN("ENVID"), &v))
		return;
	if (dsn_parse_envid(v, a, &m->envid) == NULL)
		m->envid_word = v;
	else
		m->envid = (struct span){NULL, 0};
}

void
dsn_rcpt_params(struct span params, struct arena *a, struct dsn_rcpt *r)
{
	struct span v;

	memset(r, 0, sizeof *r);
	if (params_find(params, SPAN("NOTIFY"), &v) &&
	    dsn_parse_notify(v, &r->notify) == NULL)
		r->notify_word = v;
	if (!params_find(params, SPAN("ORCPT"), &v))
		return;
	if (dsn_parse_orcpt(v, true, a, &r->type, &r->orcpt) == NULL)
		r->orcpt_word = v;
	else
		r->type = r->orcpt = (struct span){NULL, 0};
}

static void
put_word(const char *key, struct span value, struct buf *out)
{
	if (value.p == NULL)
		return;
	buf_puts(out, key);
	buf_put(out, value);
}

void
dsn_put_mail(const struct dsn_mail *m, struct buf *out)
{
	put_word(" RET=", m->ret_word, out);
	put_word(" ENVID=", m->envid_word, out);
}

/* RFC 6533 3: utf-8-addr-xtext, or unitext where UTF-8 may stand. */
static void
put_utf8_address(struct span s, bool utf8, struct buf *out)
{
	for (size_t n; s.n > 0; s = span_skip(s, n)) {
		n = utf8_length(s);
		if (n == 0)
			n = 1;
		if (n == 1 ? is_xchar(s.p[0]) && s.p[0] != '\\' : utf8)
			buf_put(out, span_head(s, n));
		else
			buf_printf(out, "\\x{%02X}", utf8_point(s, n));
	}
}

void
dsn_put_rcpt(const struct dsn_rcpt *r, bool utf8, struct buf *out)
{
	put_word(" NOTIFY=", r->notify_word, out);
	if (r->orcpt_word.p == NULL)
		return;
	if (utf8 || !utf8_needed(r->orcpt_word)) {
		put_word(" ORCPT=", r->orcpt_word, out);
		return;
	}
	buf_puts(out, " ORCPT=utf-8;");
	put_utf8_address(r->orcpt, false, out);
}

void
dsn_put_xtext(struct span s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		if (is_xchar(s.p[i]))
			buf_putc(out, s.p[i]);
		else
			buf_printf(out, "+%02X", (unsigned char)s.p[i]);
	}
}

static void
put_typed(struct span type, struct span address, bool utf8, struct buf *out)
{
	buf_put(out, type);
	buf_puts(out, "; ");
	if (span_ieq(type, SPAN("utf-8")))
		put_utf8_address(address, utf8, out);
	else
		buf_put(out, address);
}

void
dsn_put_original(const struct dsn_rcpt *r, bool utf8, struct buf *out)
{
	if (r->type.p != NULL)
		put_typed(r->type, r->orcpt, utf8, out);
}

void
dsn_put_address(struct span address, bool utf8, struct buf *out)
{
	put_typed(utf8_needed(address) ? SPAN("utf-8") : SPAN("rfc822"),
	    address, utf8, out);
}
