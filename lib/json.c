/* json: see json.h. */
#include "json.h"
#include "utf8.h"

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
