/* mime_param: values and parameters of MIME fields (RFC 2045 5.1, RFC 2231),
 * and the encoded words of RFC 2047 (mime.h). */
#include "header.h"
#include "mime.h"
#include "utf8.h"

#define PARAM_MAX  65536 /* octets of a value */
#define PIECES_MAX 100	 /* of one value, RFC 2231 3 */

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Blanks, line ends and comments (RFC 5322 3.2.2). */
static void
skip_space(struct span *s)
{
	unsigned depth = 0;

	while (s->n > 0) {
		char c = s->p[0];

		if (c == '(')
			depth++;
		else if (c == ')' && depth > 0)
			depth--;
		else if (c == '\\' && depth > 0 && s->n > 1)
			*s = span_skip(*s, 1);
		else if (depth == 0 && !is_space(c))
			return;
		*s = span_skip(*s, 1);
	}
}

static bool
is_special(char c)
{
	return is_space(c) || c == ';' || c == '"' || c == '(' || c == '=';
}

static struct span
cut_token(struct span *s)
{
	struct span token = *s;
	size_t n = 0;

	while (n < s->n && !is_special(s->p[n]))
		n++;
	*s = span_skip(*s, n);
	return span_head(token, n);
}

struct span
mime_value(struct span *rest, struct arena *a)
{
	struct span token;
	char *p;

	skip_space(rest);
	token = span_head(cut_token(rest), PARAM_MAX);
	p = arena_alloc(a, token.n + 1);
	for (size_t i = 0; i < token.n; i++)
		p[i] = ascii_lower(token.p[i]);
	return span_make(p, token.n);
}

/* A value as it stands: what is quoted from its first quote up to the last; of
 * a token, up to the next semicolon, because unquoted names with blanks are
 * common. */
static struct span
cut_value(struct span *s)
{
	struct span value;
	size_t end = 1;

	skip_space(s);
	if (s->n == 0 || s->p[0] != '"') {
		value = span_head(*s, span_chr(*s, ';'));
		*s = span_skip(*s, value.n);
		while (value.n > 0 && is_space(value.p[value.n - 1]))
			value.n--;
		return value;
	}
	while (end < s->n && s->p[end] != '"')
		end += s->p[end] == '\\' ? 2 : 1;
	if (end > s->n)
		end = s->n;
	value = span_head(*s, end);
	*s = span_skip(*s, end + 1);
	return value;
}

/* Such a value with its quotes undone. Only what is wanted is: a field as long
 * as the message would otherwise be copied again and again. */
static struct span
unquote(struct span value, struct arena *a)
{
	size_t n = 0;
	char *p;

	if (value.n == 0 || value.p[0] != '"')
		return span_head(value, PARAM_MAX);
	p = arena_alloc(a, value.n < PARAM_MAX ? value.n : PARAM_MAX);
	for (size_t i = 1; i < value.n && n < PARAM_MAX; i++) {
		if (value.p[i] == '\\' && i + 1 < value.n)
			i++;
		else if (value.p[i] == '\r' || value.p[i] == '\n')
			continue;
		p[n++] = value.p[i];
	}
	return span_make(p, n);
}

/* The next "; name=value": false at the end. */
static bool
next_param(struct span *s, struct span *name, struct span *value)
{
	while (s->n > 0) {
		*s = span_skip(*s, span_chr(*s, ';') + 1);
		skip_space(s);
		*name = cut_token(s);
		skip_space(s);
		if (s->n == 0 || s->p[0] != '=')
			continue;
		*s = span_skip(*s, 1);
		*value = cut_value(s);
		return true;
	}
	return false;
}

/* --- charsets --- */

/* In UTF-8, where that is easy; else as it is. */
static void
put_charset(struct buf *out, struct span charset, struct span s)
{
	bool latin = span_ieq(charset, SPAN("iso-8859-1")) ||
	    span_ieq(charset, SPAN("windows-1252")) ||
	    span_ieq(charset, SPAN("latin1"));

	if (!latin) {
		buf_put(out, s);
		return;
	}
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x80) {
			buf_putc(out, (char)c);
			continue;
		}
		buf_putc(out, (char)(0xc0 | c >> 6));
		buf_putc(out, (char)(0x80 | (c & 0x3f)));
	}
}

/* "%41" (RFC 2231 4); a percent sign that is none stays. */
static void
put_percent(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		int hi = -1, lo = -1;

		if (s.p[i] == '%' && i + 2 < s.n) {
			hi = ascii_hex(s.p[i + 1]);
			lo = ascii_hex(s.p[i + 2]);
		}
		if (hi < 0 || lo < 0) {
			buf_putc(out, s.p[i]);
			continue;
		}
		buf_putc(out, (char)(hi << 4 | lo));
		i += 2;
	}
}

/* --- RFC 2231 --- */

struct piece {
	struct span text;
	bool encoded, there;
};

/* "filename", "filename*", "filename*0", "filename*0*": which piece. */
static bool
match(struct span name, struct span wanted, size_t *number, bool *encoded,
    bool *whole)
{
	struct span rest;

	*number = 0;
	*encoded = false;
	*whole = true;
	if (!span_istarts(name, wanted))
		return false;
	rest = span_skip(name, wanted.n);
	if (rest.n == 0)
		return true;
	if (rest.p[0] != '*')
		return false;
	rest = span_skip(rest, 1);
	if (rest.n > 0 && rest.p[rest.n - 1] == '*') {
		*encoded = true;
		rest.n--;
	}
	if (rest.n == 0) {
		*encoded = true;
		return true;
	}
	*whole = false;
	for (size_t i = 0; i < rest.n; i++) {
		if (!ascii_isdigit(rest.p[i]) || *number > PIECES_MAX)
			return false;
		*number = *number * 10 + (size_t)(rest.p[i] - '0');
	}
	return *number < PIECES_MAX;
}

/* charset'language'text of the first piece. */
static struct span
cut_charset(struct span *s)
{
	struct span rest = *s, charset, language;

	if (span_cut(&rest, '\'', &charset) && rest.p != NULL &&
	    span_cut(&rest, '\'', &language) && rest.p != NULL) {
		*s = rest;
		return charset;
	}
	return SPAN("");
}

static struct span
join(struct piece *v, struct arena *a)
{
	struct span charset = SPAN(""), result;
	struct buf raw = {0}, text = {0};

	if (v[0].encoded)
		charset = cut_charset(&v[0].text);
	for (size_t i = 0; i < PIECES_MAX && v[i].there; i++) {
		if (v[i].encoded)
			put_percent(&raw, v[i].text);
		else
			buf_put(&raw, v[i].text);
	}
	put_charset(&text, charset, buf_span(&raw));
	result = arena_dup(a, buf_span(&text));
	buf_free(&raw);
	buf_free(&text);
	return result;
}

/* An encoded one comes before a plain one, which is for older readers. */
struct span
mime_param(struct span params, struct span wanted, bool words,
    struct arena *a)
{
	struct span plain = {NULL, 0}, whole = {NULL, 0}, name, value;
	struct piece *v = NULL;

	while (next_param(&params, &name, &value)) {
		size_t number;
		bool encoded, is_whole;

		if (!match(name, wanted, &number, &encoded, &is_whole))
			continue;
		if (is_whole && !encoded && plain.p == NULL)
			plain = unquote(value, a);
		if (is_whole && encoded && whole.p == NULL)
			whole = unquote(value, a);
		if (is_whole)
			continue;
		if (v == NULL)
			v = arena_zalloc(a, PIECES_MAX * sizeof *v);
		if (!v[number].there)
			v[number] = (struct piece){unquote(value, a),
			    encoded, true};
	}
	if (v == NULL && whole.p != NULL)
		v = arena_zalloc(a, PIECES_MAX * sizeof *v);
	if (whole.p != NULL) {
		memset(v, 0, PIECES_MAX * sizeof *v);
		v[0] = (struct piece){whole, true, true};
	}
	if (v != NULL && v[0].there)
		return join(v, a);
	return words && plain.p != NULL ? mime_words(plain, a) : plain;
}

bool
mime_param_repeated(struct span params, struct span wanted)
{
	struct span name, value;
	size_t number, seen = 0;
	bool encoded, whole;

	while (next_param(&params, &name, &value))
		seen += match(name, wanted, &number, &encoded, &whole) &&
		    number == 0;
	return seen > 1;
}

/* --- RFC 2047 --- */

static void
put_q(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		int hi = -1, lo = -1;

		if (s.p[i] == '=' && i + 2 < s.n) {
			hi = ascii_hex(s.p[i + 1]);
			lo = ascii_hex(s.p[i + 2]);
		}
		if (hi >= 0 && lo >= 0) {
			buf_putc(out, (char)(hi << 4 | lo));
			i += 2;
		} else {
			buf_putc(out, s.p[i] == '_' ? ' ' : s.p[i]);
		}
	}
}

/* "=?charset?B?text?=" at the start of s: its length, or 0. */
static size_t
put_word(struct buf *out, struct span s)
{
	struct mime_part part = {.encoding = MIME_BASE64};
	struct span rest = span_skip(s, 2), charset, how, text;
	struct buf raw = {0};
	size_t end;

	if (s.n < 8 || s.p[0] != '=' || s.p[1] != '?' ||
	    !span_cut(&rest, '?', &charset) || rest.p == NULL ||
	    !span_cut(&rest, '?', &how) || rest.p == NULL || how.n != 1)
		return 0;
	end = span_chr(rest, '?');
	if (end + 1 >= rest.n || rest.p[end + 1] != '=')
		return 0;
	text = span_head(rest, end);
	if ((how.p[0] | 0x20) == 'b') {
		part.body = text;
		mime_content(&part, &raw);
	} else if ((how.p[0] | 0x20) == 'q') {
		put_q(&raw, text);
	} else {
		return 0;
	}
	/* RFC 2231 5: charset*language */
	put_charset(out, span_head(charset, span_chr(charset, '*')),
	    buf_span(&raw));
	buf_free(&raw);
	return (size_t)(rest.p + end + 2 - s.p);
}

struct span
mime_words(struct span s, struct arena *a)
{
	struct buf out = {0};
	struct span result;
	size_t blanks = 0;
	bool word = false; /* the last thing was one */

	while (s.n > 0) {
		size_t n = s.p[0] == '=' ? 0 : span_chr(s, '='), had = out.n;

		if (n == 0) {
			n = put_word(&out, s);
			/* RFC 2047 6.2: what is between two is not there. */
			if (n > 0 && word && blanks > 0) {
				memmove(out.p + had - blanks, out.p + had,
				    out.n - had);
				out.n -= blanks;
			}
			word = n > 0;
			blanks = 0;
			if (n > 0) {
				s = span_skip(s, n);
				continue;
			}
			n = 1;
		}
		buf_put(&out, span_head(s, n));
		blanks = n;
		for (size_t i = 0; i < n; i++)
			if (!is_space(s.p[i]))
				word = false;
		s = span_skip(s, n);
	}
	result = arena_dup(a, buf_span(&out));
	buf_free(&out);
	return result;
}
