/* json: see json.h. */
#include "json.h"
#include "utf8.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void
put_escaped(struct buf *out, unsigned char c)
{
	switch (c) {
	case '"':
	case '\\':
		buf_putc(out, '\\');
		buf_putc(out, (char)c);
		break;
	case '\n':
		buf_puts(out, "\\n");
		break;
	case '\r':
		buf_puts(out, "\\r");
		break;
	case '\t':
		buf_puts(out, "\\t");
		break;
	default:
		buf_printf(out, "\\u%04x", c);
		break;
	}
}

static void
put_string(struct buf *out, struct span s)
{
	size_t plain = 0;

	buf_putc(out, '"');
	while (plain < s.n) {
		unsigned char c = (unsigned char)s.p[plain];
		size_t n = utf8_length(span_skip(s, plain));

		/* DEL is allowed as it is, and terminals eat it. */
		if (n > 0 && c >= ' ' && c != '"' && c != '\\' && c != 0x7f) {
			plain += n;
			continue;
		}
		buf_put(out, span_head(s, plain));
		if (n == 0)
			buf_puts(out, "\xef\xbf\xbd"); /* U+FFFD */
		else
			put_escaped(out, c);
		s = span_skip(s, plain + 1);
		plain = 0;
	}
	buf_put(out, s);
	buf_putc(out, '"');
}

/* What stands before a value: a comma, and its name inside an object. */
static void
lead(struct json *j, const char *key)
{
	if (j->comma)
		buf_putc(j->out, ',');
	j->comma = true;
	if (key != NULL) {
		put_string(j->out, span_of(key));
		buf_putc(j->out, ':');
	}
}

static void
open_with(struct json *j, const char *key, char bracket)
{
	lead(j, key);
	buf_putc(j->out, bracket);
	j->comma = false;
}

static void
close_with(struct json *j, char bracket)
{
	buf_putc(j->out, bracket);
	j->comma = true;
}

void
json_init(struct json *j, struct buf *out)
{
	j->out = out;
	j->comma = false;
}

void
json_open_object(struct json *j, const char *key)
{
	open_with(j, key, '{');
}

void
json_close_object(struct json *j)
{
	close_with(j, '}');
}

void
json_open_array(struct json *j, const char *key)
{
	open_with(j, key, '[');
}

void
json_close_array(struct json *j)
{
	close_with(j, ']');
}

void
json_string(struct json *j, const char *key, struct span value)
{
	lead(j, key);
	put_string(j->out, value);
}

void
json_number(struct json *j, const char *key, int64_t value)
{
	lead(j, key);
	if (value < 0)
		buf_putc(j->out, '-');
	/* The magnitude of INT64_MIN has no int64_t. */
	buf_putu(j->out,
	    value < 0 ? 0 - (unsigned long long)value :
			(unsigned long long)value);
}

/* Digits from *i on; false when there are none. */
static bool
skip_digits(struct span s, size_t *i)
{
	size_t start = *i;

	while (*i < s.n && ascii_isdigit(s.p[*i]))
		(*i)++;
	return *i > start;
}

/* RFC 8259, 6: "-"? int frac? exp? */
static bool
is_number(struct span s)
{
	size_t i = s.n > 0 && s.p[0] == '-', first = i;

	if (!skip_digits(s, &i) || (s.p[first] == '0' && i > first + 1))
		return false;
	if (i < s.n && s.p[i] == '.' && (i++, !skip_digits(s, &i)))
		return false;
	if (i < s.n && (s.p[i] | 0x20) == 'e') {
		i++;
		if (i < s.n && (s.p[i] == '+' || s.p[i] == '-'))
			i++;
		if (!skip_digits(s, &i))
			return false;
	}
	return i == s.n;
}

void
json_decimal(struct json *j, const char *key, struct span text)
{
	lead(j, key);
	if (is_number(text))
		buf_put(j->out, text);
	else
		put_string(j->out, text);
}

void
json_bool(struct json *j, const char *key, bool value)
{
	lead(j, key);
	buf_puts(j->out, value ? "true" : "false");
}

void
json_null(struct json *j, const char *key)
{
	lead(j, key);
	buf_puts(j->out, "null");
}

void
json_double(struct json *j, const char *key, double value)
{
	char text[32];

	if (!isfinite(value)) {
		json_null(j, key);
		return;
	}
	snprintf(text, sizeof text, "%.15g", value);
	if (strtod(text, NULL) != value)
		snprintf(text, sizeof text, "%.17g", value);
	lead(j, key);
	/* A script may have set a locale with another point. */
	for (char *p = text; *p != '\0'; p++)
		buf_putc(j->out, *p == ',' ? '.' : *p);
}

void
json_name(struct json *j, struct span name)
{
	if (j->comma)
		buf_putc(j->out, ',');
	put_string(j->out, name);
	buf_putc(j->out, ':');
	j->comma = false;
}
