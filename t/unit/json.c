/* RFC 8259, as far as it is written. */
#include "json.h"
#include "tap.h"
#include <math.h>

static struct buf out;

static void
string(struct span in, const char *want, const char *name)
{
	struct json j;

	buf_reset(&out);
	json_init(&j, &out);
	json_string(&j, NULL, in);
	is_span(buf_span(&out), span_of(want), name);
}

static void
strings(void)
{
	string(SPAN(""), "\"\"", "empty");
	string(SPAN("abc"), "\"abc\"", "plain");
	string(SPAN("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"", "quote and backslash");
	string(SPAN("\r\n\t"), "\"\\r\\n\\t\"", "line ends and tab");
	string(SPAN("\0\001\037\177"), "\"\\u0000\\u0001\\u001f\\u007f\"",
	    "controls");
	string(SPAN("\xc3\xbc\xe4\xbe\x8b\xf0\x9f\x98\x80"),
	    "\"\xc3\xbc\xe4\xbe\x8b\xf0\x9f\x98\x80\"", "UTF-8 as it is");
	string(SPAN("a\xff\xc3"), "\"a\xef\xbf\xbd\xef\xbf\xbd\"",
	    "each octet that is no UTF-8");
	string(SPAN("\xed\xa0\x80"),
	    "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", "a surrogate");
}

static void
shapes(void)
{
	struct json j;

	buf_reset(&out);
	json_init(&j, &out);
	json_open_array(&j, NULL);
	json_open_object(&j, NULL);
	json_string(&j, "a", SPAN("x"));
	json_number(&j, "b\"", -1);
	json_open_array(&j, "c");
	json_close_array(&j);
	json_open_object(&j, "d");
	json_close_object(&j);
	json_open_array(&j, "e");
	json_number(&j, NULL, 1);
	json_null(&j, NULL);
	json_bool(&j, NULL, true);
	json_string(&j, NULL, SPAN(""));
	json_close_array(&j);
	json_bool(&j, "f", false);
	json_null(&j, "g");
	json_close_object(&j);
	json_open_object(&j, NULL);
	json_close_object(&j);
	json_close_array(&j);
	is_span(buf_span(&out),
	    SPAN("[{\"a\":\"x\",\"b\\\"\":-1,\"c\":[],\"d\":{},"
		 "\"e\":[1,null,true,\"\"],\"f\":false,\"g\":null},{}]"),
	    "commas where they belong");
}

static void
number(int64_t v, const char *want)
{
	struct json j;

	buf_reset(&out);
	json_init(&j, &out);
	json_number(&j, NULL, v);
	is_span(buf_span(&out), span_of(want), want);
}

static void
floating(double v, const char *want)
{
	struct json j;

	buf_reset(&out);
	json_init(&j, &out);
	json_double(&j, NULL, v);
	is_span(buf_span(&out), span_of(want), want);
}

/* Names that are no C strings. */
static void
names(void)
{
	struct json j;

	buf_reset(&out);
	json_init(&j, &out);
	json_open_object(&j, NULL);
	json_name(&j, SPAN("a\0b"));
	json_double(&j, NULL, 0.5);
	json_name(&j, SPAN(""));
	json_open_array(&j, NULL);
	json_close_array(&j);
	json_null(&j, "c");
	json_close_object(&j);
	is_span(buf_span(&out), SPAN("{\"a\\u0000b\":0.5,\"\":[],\"c\":null}"),
	    "names of any octets");
}

int
main(void)
{
	strings();
	shapes();
	names();
	floating(0.1, "0.1");
	floating(1.0 / 3, "0.33333333333333331");
	floating(-2.0, "-2");
	floating(1e300, "1e+300");
	floating(5e-324, "4.94065645841247e-324");
	floating((double)INFINITY, "null");
	floating((double)NAN, "null");
	number(0, "0");
	number(INT64_MAX, "9223372036854775807");
	number(INT64_MIN, "-9223372036854775808");
	buf_free(&out);
	return done_testing();
}
