/* maildir: see maildir.h. */
#include "maildir.h"
#include "address.h"

/* What is left for the host: ten digits and a bit of time, an id, a number
 * or a hash, and the dots. */
#define HOST_MAX (MAILDIR_NAME_MAX - 100)

static struct span
lower(struct span s, struct arena *a)
{
	char *p = arena_alloc(a, s.n);

	for (size_t i = 0; i < s.n; i++)
		p[i] = ascii_lower(s.p[i]);
	return span_make(p, s.n);
}

static bool
is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

/* A value can never be "." or "..", hold a '/', or hide as a dot file; and
 * since '%' is encoded too, no two values give one name. */
static void
put_value(struct buf *out, struct span s)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c != '/' && c != '%' && !is_control(c) &&
		    !(c == '.' && i == 0)) {
			buf_putc(out, c);
			continue;
		}
		buf_putc(out, '%');
		buf_putc(out, hex[(unsigned char)c >> 4]);
		buf_putc(out, hex[c & 15]);
	}
}

struct values {
	struct span domain, user, lower;
};

static void
split_address(struct span address, struct span me, struct arena *a,
    struct values *v)
{
	struct address addr = {0};
	size_t at = span_rchr(address, '@');

	addr.local = span_head(address, at);
	addr.domain = span_skip(address, at + 1);
	v->user = address_local_plain(&addr, a);
	v->lower = lower(v->user, a);
	v->domain = lower(addr.domain.n ? addr.domain : me, a);
}

static const struct span *
value_of(const struct values *v, char c)
{
	switch (c) {
	case 'd':
		return &v->domain;
	case 'u':
		return &v->user;
	case 'l':
		return &v->lower;
	default:
		return NULL;
	}
}

/* One component of the template, at *t up to the next '/'. */
static enum maildir_path_result
put_component(struct span *t, const struct values *v, struct buf *out,
    bool *has_value, const char **why)
{
	size_t start = out->n;

	*has_value = false;
	for (; t->n > 0 && t->p[0] != '/'; *t = span_skip(*t, 1)) {
		const struct span *value;
		char c;

		if (t->p[0] != '%') {
			buf_putc(out, t->p[0]);
			continue;
		}
		*t = span_skip(*t, 1);
		c = t->n > 0 ? t->p[0] : '\0';
		if (c == '%') {
			buf_putc(out, '%');
			continue;
		}
		*why = "unknown % in the Maildir's path";
		if ((value = value_of(v, c)) == NULL)
			return MAILDIR_PATH_CONFIG;
		*why = "an empty name has no Maildir";
		if (value->n == 0)
			return MAILDIR_PATH_ADDRESS;
		put_value(out, *value);
		*has_value = true;
	}
	*why = "the address is too long for a Maildir's name";
	if (out->n - start > MAILDIR_NAME_MAX && *has_value)
		return MAILDIR_PATH_ADDRESS;
	return MAILDIR_PATH;
}

enum maildir_path_result
maildir_path(struct span template, struct span address, struct span me,
    struct arena *a, struct buf *out, size_t *fixed, const char **why)
{
	struct values v;
	struct span t = template;
	bool any = false;

	buf_reset(out);
	*why = "the Maildir's path is not absolute";
	if (t.n == 0 || t.p[0] != '/')
		return MAILDIR_PATH_CONFIG;
	*why = "the Maildir's path has a NUL";
	if (span_chr(t, '\0') != t.n)
		return MAILDIR_PATH_CONFIG;
	split_address(address, me, a, &v);
	while (t.n > 0) {
		enum maildir_path_result r;
		size_t before = out->n;
		bool has_value;

		while (t.n > 0 && t.p[0] == '/')
			t = span_skip(t, 1);
		if (t.n == 0)
			break;
		buf_putc(out, '/');
		r = put_component(&t, &v, out, &has_value, why);
		if (r != MAILDIR_PATH)
			return r;
		if (has_value && !any) {
			*fixed = before;
			any = true;
		}
	}
	*why = "the Maildir's path is the root";
	if (out->n == 0)
		return MAILDIR_PATH_CONFIG;
	if (!any)
		*fixed = out->n;
	return MAILDIR_PATH;
}

void
maildir_host(struct span me, struct buf *out)
{
	size_t start = out->n;

	for (size_t i = 0; i < me.n && out->n - start < HOST_MAX - 4; i++) {
		unsigned char c = (unsigned char)me.p[i];

		if (c > ' ' && c < 0x7f && c != '/' && c != ':') {
			buf_putc(out, (char)c);
			continue;
		}
		buf_putc(out, '\\');
		buf_putc(out, (char)('0' + (c >> 6)));
		buf_putc(out, (char)('0' + (c >> 3 & 7)));
		buf_putc(out, (char)('0' + (c & 7)));
	}
	if (out->n == start)
		buf_puts(out, "localhost");
}

uint64_t
maildir_hash(struct span s)
{
	uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
	return h;
}

void
maildir_name(int64_t seconds, struct span id, size_t number,
    struct span address, struct span host, struct buf *out)
{
	buf_reset(out);
	buf_putu(out, seconds > 0 ? (uint64_t)seconds : 0);
	buf_puts(out, ".R");
	buf_put(out, id);
	buf_putc(out, 'N');
	buf_putu(out, number);
	if (number == 0) {
		buf_putc(out, 'H');
		buf_putu(out, maildir_hash(address));
	}
	buf_putc(out, '.');
	buf_put(out, host);
}

static const struct span delivered_name = SPAN_LIT("delivered-to");

/* The line is over: true when it was a Delivered-To field. */
static bool
end_line(struct delivered_to *d, struct span *value)
{
	bool found = d->state == LINE_VALUE && d->n <= sizeof d->value;

	/* An empty line, or one without a colon: the body begins. */
	if (d->state == LINE_NAME || d->state == LINE_BLANK)
		d->done = true;
	if (d->state == LINE_VALUE)
		d->count++;
	if (found)
		*value = span_trim(span_make(d->value, d->n));
	d->state = LINE_NAME;
	d->col = d->n = 0;
	return found;
}

static void
name_octet(struct delivered_to *d, char c)
{
	if (d->state == LINE_BLANK && c != ' ' && c != '\t' && c != ':') {
		d->done = true;
	} else if (d->col == 0 && (c == ' ' || c == '\t')) {
		d->state = LINE_SKIP; /* a fold */
	} else if (c == ':' && d->col > 0) {
		d->state = d->match && d->col == delivered_name.n ?
		    LINE_VALUE : LINE_SKIP;
	} else if (c == ' ' || c == '\t') {
		d->state = LINE_BLANK;
	} else if (c <= ' ' || c == 0x7f || c == ':') {
		d->done = true; /* 8-bit, controls: no name of a field */
	} else {
		d->match = (d->col == 0 || d->match) &&
		    d->col < delivered_name.n &&
		    ascii_lower(c) == delivered_name.p[d->col];
		d->col++;
	}
}

bool
delivered_to_next(struct delivered_to *d, struct span *s, struct span *value)
{
	while (!d->done && s->n > 0) {
		char c = s->p[0];

		if (d->state == LINE_SKIP) {
			*s = span_skip(*s, span_chr(*s, '\n'));
			if (s->n == 0)
				break;
			c = '\n';
		}
		*s = span_skip(*s, 1);
		if (c == '\n') {
			if (end_line(d, value))
				return true;
		} else if (c == '\r') {
			continue;
		} else if (d->state == LINE_VALUE) {
			if (d->n < sizeof d->value)
				d->value[d->n] = c;
			d->n++;
		} else {
			name_octet(d, c);
		}
	}
	return false;
}
