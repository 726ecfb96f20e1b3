/*
 * json: whatever json_parse() takes is written again by json.h and read as
 * the same; tokens nest; errors have a place inside the text.
 */
#include "json.h"
#include "json_parse.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(c)                                                              \
	do {                                                                  \
		if (!(c))                                                     \
			__builtin_trap();                                     \
	} while (0)

static struct buf room, dump, text;

/* Writes the token. Numbers become strings: json.h has no way to say one
 * octet for octet. */
static void
write_token(struct json *j, enum json_token token, struct span value)
{
	switch (token) {
	case JSON_OBJECT:
		json_open_object(j, NULL);
		break;
	case JSON_OBJECT_END:
		json_close_object(j);
		break;
	case JSON_ARRAY:
		json_open_array(j, NULL);
		break;
	case JSON_ARRAY_END:
		json_close_array(j);
		break;
	case JSON_NAME:
		json_name(j, value);
		break;
	case JSON_STRING:
	case JSON_NUMBER:
		json_string(j, NULL, value);
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		json_bool(j, NULL, token == JSON_TRUE);
		break;
	default:
		json_null(j, NULL);
	}
}

/* Reads s; appends what it says to out, and writes it again when j is not
 * NULL. False for what is not JSON. */
static bool
read_all(struct span s, struct buf *out, struct json *j)
{
	struct json_parser p;
	enum json_token token;
	unsigned depth = 0;

	json_parse_init(&p, s, &room);
	while ((token = json_parse_next(&p)) > JSON_END) {
		depth += token == JSON_OBJECT || token == JSON_ARRAY;
		depth -= token == JSON_OBJECT_END || token == JSON_ARRAY_END;
		CHECK(depth == p.depth && depth <= JSON_DEPTH);
		CHECK(p.at <= s.n);
		buf_putc(out, (char)(token == JSON_NUMBER ? JSON_STRING :
							    token));
		if (token == JSON_NAME || token == JSON_STRING ||
		    token == JSON_NUMBER) {
			CHECK(utf8_valid(p.value));
			CHECK(p.value.n <= s.n);
			buf_put(out, p.value);
		}
		if (j != NULL)
			write_token(j, token, p.value);
	}
	CHECK(json_parse_next(&p) == token && p.at <= s.n);
	CHECK((token == JSON_ERROR) == (p.error != NULL));
	CHECK(token == JSON_ERROR || depth == 0);
	return token == JSON_END;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json j;
	size_t n;

	buf_reset(&dump);
	buf_reset(&text);
	json_init(&j, &text);
	if (!read_all(span_make((const char *)data, size), &dump, &j))
		return 0;
	n = dump.n;
	CHECK(read_all(buf_span(&text), &dump, NULL));
	CHECK(span_eq(span_head(buf_span(&dump), n),
	    span_skip(buf_span(&dump), n)));
	return 0;
}
