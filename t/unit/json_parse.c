/* RFC 8259, what is read. The Lua test has the list of what is refused. */
#include "json_parse.h"
#include "tap.h"

static struct buf room;

/* The tokens as a line of marks and values. */
static const char *
tokens(struct span text)
{
	static const char *const marks[] = {[JSON_ERROR] = "!",
	    [JSON_END] = ".", [JSON_OBJECT] = "{", [JSON_OBJECT_END] = "}",
	    [JSON_ARRAY] = "[", [JSON_ARRAY_END] = "]", [JSON_NAME] = "n",
	    [JSON_STRING] = "s", [JSON_NUMBER] = "#", [JSON_TRUE] = "t",
	    [JSON_FALSE] = "f", [JSON_NULL] = "0"};
	static struct buf out;
	struct json_parser p;
	enum json_token token;

	buf_reset(&out);
	json_parse_init(&p, text, &room);
	do {
		token = json_parse_next(&p);
		buf_puts(&out, marks[token]);
		if (token == JSON_NAME || token == JSON_STRING ||
		    token == JSON_NUMBER) {
			buf_put(&out, p.value);
			buf_putc(&out, ' ');
		}
	} while (token > JSON_END);
	if (json_parse_next(&p) != token)
		return "not the same again";
	if (token == JSON_ERROR)
		buf_printf(&out, "%zu %s", p.at, p.error);
	return buf_cstr(&out);
}

static const char *const cases[][2] = {
    {"{}", "{}."},
    {"[]", "[]."},
    {" [ ] ", "[]."},
    {"1", "#1 ."},
    {"-0", "#-0 ."},
    {"1.5e-10", "#1.5e-10 ."},
    {"\"\"", "s ."},
    {"null", "0."},
    {"[true,false,null]", "[tf0]."},
    {"{\"a\":1,\"b\":[{}],\"a\":{\"c\":\"d\"}}",
	"{na #1 nb [{}]na {nc sd }}."},
    {"\"a\\\\b\\\"\\u0041c\"", "sa\\b\"Ac ."},
    {"\"\\uD83D\\uDE00\\uFFFF\\u07ff\\u0800\"",
	"s\xf0\x9f\x98\x80\xef\xbf\xbf\xdf\xbf\xe0\xa0\x80 ."},
    {"[1,[2,[3]],4]", "[#1 [#2 [#3 ]]#4 ]."},
    {"", "!0 the text ends too early"},
    {"[1", "[#1 !2 the text ends too early"},
    {"[1 2", "[#1 !3 no comma between values"},
    {"[1,]", "[#1 !3 not a value"},
    {"{\"a\" 1}", "{!5 no colon behind a name"},
    {"{1:2}", "{!1 not a name"},
    {"{\"a\":1,}", "{na #1 !7 not a name"},
    {"[}", "[!1 not a value"},
    {"{]", "{!1 not a name"},
    {"[1}", "[#1 !2 no comma between values"},
    {"1 x", "#1 !2 something behind the value"},
    {"\"\\q\"", "!3 not an escape"},
    {"\"\\uD800\"", "!7 half a surrogate pair"},
    {"\"\\uD800\\uD800\"", "!13 half a surrogate pair"},
    {"\"\\u004", "!3 \\u without four hexadecimal digits"},
    {"\"a\\", "!3 a string without an end"},
    {"\"a", "!2 a string without an end"},
    {"\"a\n\"", "!2 a control character in a string"},
    {"\"\xff\"", "!1 not UTF-8"},
};

static void
depth(unsigned levels, const char *name, bool good)
{
	char text[2 * (JSON_DEPTH + 1)];
	struct json_parser p;
	unsigned n = 0;

	memset(text, '[', levels);
	memset(text + levels, ']', levels);
	json_parse_init(&p, span_make(text, (size_t)2 * levels), &room);
	while (json_parse_next(&p) > JSON_END)
		n++;
	ok((p.error == NULL) == good, name);
	is_int(n, good ? 2 * levels : JSON_DEPTH, "... tokens before the end");
}

int
main(void)
{
	char digits[JSON_NUMBER_MAX + 1];
	struct json_parser p;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		is_str(tokens(span_of(cases[i][0])), cases[i][1], cases[i][0]);
	is_str(tokens(SPAN("1\0")), "#1 !1 something behind the value",
	    "a NUL behind it");
	is_str(tokens(SPAN("\0")), "!0 not a value", "a NUL alone");
	depth(JSON_DEPTH, "as deep as may be", true);
	depth(JSON_DEPTH + 1, "one deeper", false);

	memset(digits, '1', sizeof digits);
	json_parse_init(&p, span_make(digits, JSON_NUMBER_MAX), &room);
	ok(json_parse_next(&p) == JSON_NUMBER && p.integer, "many digits");
	json_parse_init(&p, span_make(digits, sizeof digits), &room);
	ok(json_parse_next(&p) == JSON_ERROR, "one more");
	json_parse_init(&p, SPAN("1.0"), &room);
	ok(json_parse_next(&p) == JSON_NUMBER && !p.integer, "a fraction");
	json_parse_init(&p, SPAN("1e2"), &room);
	ok(json_parse_next(&p) == JSON_NUMBER && !p.integer, "an exponent");

	json_parse_init(&p, SPAN("[\"plain\", \"a\\tb\"]"), &room);
	json_parse_next(&p);
	json_parse_next(&p);
	ok(p.value.p == p.text.p + 2, "a plain string is not copied");
	json_parse_next(&p);
	ok(p.value.p == room.p, "one with an escape is");
	buf_free(&room);
	return done_testing();
}
