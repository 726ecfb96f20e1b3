/* json_parse: see json_parse.h. */
#include "json_parse.h"
#include "utf8.h"

static enum json_token
fail(struct json_parser *p, const char *error)
{
	p->error = error;
	return JSON_ERROR;
}

void
json_parse_init(struct json_parser *p, struct span text, struct buf *room)
{
	*p = (struct json_parser){.text = text, .room = room,
	    .want = JSON_WANT_VALUE};
}

static void
skip_blanks(struct json_parser *p)
{
	while (p->at < p->text.n &&
	    memchr(" \t\r\n", p->text.p[p->at], 4) != NULL)
		p->at++;
}

/* The octet at p->at, or NUL at the end (no token begins with one). */
static char
peek(const struct json_parser *p)
{
	return p->at < p->text.n ? p->text.p[p->at] : '\0';
}

static bool
in_object(const struct json_parser *p)
{
	return p->depth > 0 && (p->objects >> (p->depth - 1) & 1) != 0;
}

/* Four hexadecimal digits at p->at, or -1. */
static int
hex4(struct json_parser *p)
{
	int value = 0;

	if (p->text.n - p->at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = ascii_hex(p->text.p[p->at + (size_t)i]);

		if (digit == -1)
			return -1;
		value = value << 4 | digit;
	}
	p->at += 4;
	return value;
}

static void
put_utf8(struct buf *out, unsigned c)
{
	if (c < 0x80) {
		buf_putc(out, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_putc(out, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_putc(out, (char)(0xe0 | c >> 12));
		} else {
			buf_putc(out, (char)(0xf0 | c >> 18));
			buf_putc(out, (char)(0x80 | (c >> 12 & 63)));
		}
		buf_putc(out, (char)(0x80 | (c >> 6 & 63)));
	}
	buf_putc(out, (char)(0x80 | (c & 63)));
}

/* What follows "\u"; NULL, or what is wrong. */
static const char *
unescape_unicode(struct json_parser *p)
{
	int high = hex4(p), low;

	if (high == -1)
		return "\\u without four hexadecimal digits";
	if (high < 0xd800 || high > 0xdfff) {
		put_utf8(p->room, (unsigned)high);
		return NULL;
	}
	/* RFC 8259 7: two of them are one character past U+FFFF. */
	if (high > 0xdbff || peek(p) != '\\' || p->at + 1 >= p->text.n ||
	    p->text.p[p->at + 1] != 'u')
		return "half a surrogate pair";
	p->at += 2;
	low = hex4(p);
	if (low < 0xdc00 || low > 0xdfff)
		return "half a surrogate pair";
	put_utf8(p->room, 0x10000u + ((unsigned)(high - 0xd800) << 10) +
		(unsigned)(low - 0xdc00));
	return NULL;
}

/* What follows a backslash; NULL, or what is wrong. */
static const char *
unescape(struct json_parser *p)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char c = peek(p);
	const char *found;

	if (p->at == p->text.n)
		return "a string without an end";
	p->at++;
	if (c == 'u')
		return unescape_unicode(p);
	found = c != '\0' ? strchr(from, c) : NULL;
	if (found == NULL)
		return "not an escape";
	buf_putc(p->room, to[found - from]);
	return NULL;
}

/* Steps over octets that stand for themselves. */
static const char *
skip_plain(struct json_parser *p)
{
	while (p->at < p->text.n) {
		char c = p->text.p[p->at];
		size_t n;

		if (c == '"' || c == '\\')
			return NULL;
		if ((unsigned char)c < ' ')
			return "a control character in a string";
		n = utf8_length(span_skip(p->text, p->at));
		if (n == 0)
			return "not UTF-8";
		p->at += n;
	}
	return "a string without an end";
}

/* Behind the first quote. The value is a part of the text, unless there are
 * escapes in it. NULL, or what is wrong. */
static const char *
read_string(struct json_parser *p)
{
	size_t from = p->at;
	const char *wrong;

	buf_reset(p->room);
	for (;;) {
		struct span plain;

		if ((wrong = skip_plain(p)) != NULL)
			return wrong;
		plain = span_make(p->text.p + from, p->at - from);
		if (p->text.p[p->at++] == '"') {
			p->value = plain;
			if (p->room->n > 0) {
				buf_put(p->room, plain);
				p->value = buf_span(p->room);
			}
			return NULL;
		}
		buf_put(p->room, plain);
		if ((wrong = unescape(p)) != NULL)
			return wrong;
		from = p->at;
	}
}

static bool
skip_digits(struct json_parser *p)
{
	size_t from = p->at;

	while (ascii_isdigit(peek(p)))
		p->at++;
	return p->at > from;
}

/* RFC 8259 6; NULL, or what is wrong. */
static const char *
read_number(struct json_parser *p)
{
	size_t from = p->at;

	p->integer = true;
	if (peek(p) == '-')
		p->at++;
	if (peek(p) == '0')
		p->at++;
	else if (!skip_digits(p))
		return "not a number";
	if (peek(p) == '.') {
		p->integer = false;
		p->at++;
		if (!skip_digits(p))
			return "not a number";
	}
	if (peek(p) == 'e' || peek(p) == 'E') {
		p->integer = false;
		p->at++;
		if (peek(p) == '+' || peek(p) == '-')
			p->at++;
		if (!skip_digits(p))
			return "not a number";
	}
	p->value = span_make(p->text.p + from, p->at - from);
	return p->value.n > JSON_NUMBER_MAX ? "a number too long" : NULL;
}

/* One of the three words. */
static enum json_token
read_word(struct json_parser *p)
{
	static const struct {
		struct span word;
		enum json_token token;
	} words[] = {
	    {SPAN_LIT("true"), JSON_TRUE},
	    {SPAN_LIT("false"), JSON_FALSE},
	    {SPAN_LIT("null"), JSON_NULL},
	};
	struct span rest = span_skip(p->text, p->at);

	for (size_t i = 0; i < 3; i++)
		if (span_eq(span_head(rest, words[i].word.n), words[i].word)) {
			p->at += words[i].word.n;
			return words[i].token;
		}
	return fail(p, p->at < p->text.n ? "not a value" :
					   "the text ends too early");
}

static enum json_token
open_level(struct json_parser *p, bool object)
{
	uint64_t bit;

	if (p->depth == JSON_DEPTH)
		return fail(p, "nested too deeply");
	bit = (uint64_t)1 << p->depth++;
	p->objects = object ? p->objects | bit : p->objects & ~bit;
	p->at++;
	p->want = JSON_WANT_FIRST;
	return object ? JSON_OBJECT : JSON_ARRAY;
}

static enum json_token
close_level(struct json_parser *p)
{
	enum json_token token = in_object(p) ? JSON_OBJECT_END :
					       JSON_ARRAY_END;

	p->at++;
	p->depth--;
	p->want = JSON_WANT_MORE;
	return token;
}

static enum json_token
read_value(struct json_parser *p)
{
	enum json_token token;
	const char *wrong = NULL;

	switch (peek(p)) {
	case '{':
		return open_level(p, true);
	case '[':
		return open_level(p, false);
	case '"':
		p->at++;
		token = JSON_STRING;
		wrong = read_string(p);
		break;
	case '-':
	case '0' ... '9':
		token = JSON_NUMBER;
		wrong = read_number(p);
		break;
	default:
		token = read_word(p);
	}
	p->want = JSON_WANT_MORE;
	return wrong == NULL ? token : fail(p, wrong);
}

static enum json_token
read_name(struct json_parser *p)
{
	const char *wrong;

	if (peek(p) != '"')
		return fail(p, "not a name");
	p->at++;
	if ((wrong = read_string(p)) != NULL)
		return fail(p, wrong);
	skip_blanks(p);
	if (peek(p) != ':')
		return fail(p, "no colon behind a name");
	p->at++;
	p->want = JSON_WANT_VALUE;
	return JSON_NAME;
}

/* Behind a value. */
static enum json_token
read_more(struct json_parser *p)
{
	char c = peek(p);

	if (p->depth == 0)
		return p->at == p->text.n ? JSON_END :
			fail(p, "something behind the value");
	if (c == (in_object(p) ? '}' : ']'))
		return close_level(p);
	if (c != ',')
		return fail(p, p->at < p->text.n ? "no comma between values" :
						   "the text ends too early");
	p->at++;
	skip_blanks(p);
	return in_object(p) ? read_name(p) : read_value(p);
}

enum json_token
json_parse_next(struct json_parser *p)
{
	if (p->error != NULL)
		return JSON_ERROR;
	skip_blanks(p);
	switch (p->want) {
	case JSON_WANT_FIRST:
		if (peek(p) == (in_object(p) ? '}' : ']'))
			return close_level(p);
		return in_object(p) ? read_name(p) : read_value(p);
	case JSON_WANT_MORE:
		return read_more(p);
	default:
		return read_value(p);
	}
}
