/* Broker URIs, routes, wire values, the window: amqp_uri, amqp_field,
 * amqp_window. */
#include "amqp_field.h"
#include "amqp_template.h"
#include "amqp_uri.h"
#include "amqp_window.h"
#include "tap.h"

static struct arena arena;

static void
uri_is(const char *text, const char *user, const char *password,
    const char *where, int port, const char *vhost)
{
	struct amqp_uri u;
	const char *wrong = amqp_uri_parse(span_of(text), &arena, &u);

	ok(wrong == NULL, text);
	if (wrong != NULL)
		return;
	is_str(u.user, user, "  user");
	is_str(u.password, password, "  password");
	is_span(u.where, span_of(where), "  where");
	is_int(u.port, port, "  port");
	is_str(u.vhost, vhost, "  vhost");
}

static void
uri_not(const char *text)
{
	struct amqp_uri u;

	ok(amqp_uri_parse(span_of(text), &arena, &u) != NULL, text);
}

static void
test_uri(void)
{
	uri_is("amqp://h", "guest", "guest", "h:5672", 5672, "/");
	uri_is("amqps://h/v", "guest", "guest", "h:5671", 5671, "v");
	uri_is("amqps://h:1", "guest", "guest", "h:1", 1, "/");
	uri_is("AMQP://h/", "guest", "guest", "h:5672", 5672, "/");
	uri_is("amqp://u@h:1/v", "u", "guest", "h:1", 1, "v");
	uri_is("amqp://u:@h:65535/%2f", "u", "", "h:65535", 65535, "/");
	uri_is("amqp://a%40b:p%3aw%2F%25@h/x%2fy", "a@b", "p:w/%", "h:5672",
	    5672, "x/y");
	uri_is("amqp://u:p@q@h", "u", "p@q", "h:5672", 5672, "/");
	uri_is("amqp://[::1]:7/v", "guest", "guest", "[::1]:7", 7, "v");
	uri_is("amqp://[::1]", "guest", "guest", "[::1]:5672", 5672, "/");
	uri_not("");
	uri_not("amqp://");
	uri_not("amqp:///v");
	uri_not("amqp://:1/v");
	uri_not("amqp://h:/v");
	uri_not("amqp://h:0");
	uri_not("amqp://h:65536");
	uri_not("amqp://h:5672x");
	uri_not("amqp://h:-1");
	uri_not("amqp://[::1");
	uri_not("amqp://[::1]x");
	uri_not("amqp://h/a/b");
	uri_not("amqp://h/%");
	uri_not("amqp://h/%4");
	uri_not("amqp://h/%zz");
	uri_not("amqp://h/a%00b");
	uri_not("amqp://u%00:p@h");
	uri_not("amqp://u:p%00@h");
	uri_not("amqp://h/?heartbeat=1");
	uri_not("amqp://h#x");
	uri_not("amqpss://h");
	uri_not("http://h");
}

static void
route_is(const char *text, const char *exchange, const char *key)
{
	struct amqp_route def = {SPAN("E"), SPAN("K")}, r;
	struct envelope env = {0};

	ok(amqp_route_parse(span_of(text), &def, &r) == NULL, text);
	is_span(amqp_template_fill(r.exchange, &env, SPAN("a@b.test"), &arena),
	    span_of(exchange), "  exchange");
	is_span(amqp_template_fill(r.key, &env, SPAN("a@b.test"), &arena),
	    span_of(key), "  key");
}

static void
route_not(const char *text)
{
	struct amqp_route def = {SPAN("E"), SPAN("K")}, r;

	ok(amqp_route_parse(span_of(text), &def, &r) != NULL, text);
}

static void
test_route(void)
{
	char longest[300];

	route_is("amqp:", "E", "K");
	route_is("amqp:x", "x", "K");
	route_is("amqp:x/", "x", "");
	route_is("amqp:/", "", "");
	route_is("amqp:x/a.b/c", "x", "a.b/c");
	route_is("amqp:x%2fy/%41%25", "x/y", "A%");
	route_not("maildir:x");
	route_not("amqp");
	route_not("amqp:%");
	route_not("amqp:x/%1");
	memset(longest, 'x', sizeof longest);
	memcpy(longest, "amqp:", 5);
	longest[5 + 255] = '\0';
	route_is(longest, longest + 5, "K");
}

static void
is_bytes(struct buf *b, const char *want, size_t n, const char *name)
{
	is_span(buf_span(b), span_make(want, n), name);
	buf_reset(b);
}

#define BYTES(b, s, name) is_bytes(b, s, sizeof(s) - 1, name)

static void
test_field(void)
{
	struct span key = SPAN("k");
	struct buf b = {0};
	size_t a;

	amqp_put_u64(&b, 0x0102030405060708u);
	BYTES(&b, "\1\2\3\4\5\6\7\10", "u64, high octet first");
	amqp_put_short(&b, SPAN(""));
	amqp_put_short(&b, SPAN("abc"));
	BYTES(&b, "\0\3abc", "short strings");
	amqp_field_text(&b, &key, SPAN("\xc3\xbc"));
	BYTES(&b, "\1kS\0\0\0\2\xc3\xbc", "UTF-8");
	amqp_field_text(&b, &key, SPAN("\xfc"));
	BYTES(&b, "\1kx\0\0\0\1\xfc", "no UTF-8 is a byte array");
	amqp_field_int(&b, &key, -2);
	BYTES(&b, "\1kl\xff\xff\xff\xff\xff\xff\xff\xfe", "a number");
	amqp_field_double(&b, &key, 1.5);
	BYTES(&b, "\1kd\x3f\xf8\0\0\0\0\0\0", "a broken number");
	amqp_field_bool(&b, &key, true);
	BYTES(&b, "\1kt\1", "a truth");
	amqp_field_time(&b, &key, 0x65);
	BYTES(&b, "\1kT\0\0\0\0\0\0\0\x65", "a time");
	a = amqp_field_array(&b, &key);
	amqp_field_text(&b, NULL, SPAN("x"));
	amqp_put_close(&b, a);
	BYTES(&b, "\1kA\0\0\0\6S\0\0\0\1x", "an array");
	buf_free(&b);
}

static void
test_window(void)
{
	struct span id[8] = {SPAN("0"), SPAN("1"), SPAN("2"), SPAN("3"),
	    SPAN("4"), SPAN("5"), SPAN("6"), SPAN("7")};
	struct amqp_part part[8] = {{0}};
	struct amqp_window w = {0};
	struct amqp_sent s;

	for (size_t i = 0; i < 8; i++)
		part[i].message_id = id[i];
	amqp_window_init(&w, 3);
	is_int(w.size, 4, "a power of two");
	for (size_t i = 0; i < 3; i++)
		amqp_window_put(&w, &part[i]);
	ok(amqp_window_full(&w), "the limit is kept nevertheless");
	for (uint64_t tag = 1; tag < 4; tag++)
		amqp_window_take(&w, tag, &s);
	free(w.ring);
	amqp_window_init(&w, 4);
	ok(amqp_window_oldest(&w) == NULL, "nothing in it");
	for (size_t i = 0; i < 4; i++)
		amqp_window_put(&w, &part[i]);
	ok(amqp_window_full(&w), "full");
	ok(!amqp_window_take(&w, 0, &s) && !amqp_window_take(&w, 5, &s) &&
		!amqp_window_take(&w, UINT64_MAX, &s),
	    "tags that were not given");
	ok(amqp_window_take(&w, 2, &s) && s.part == &part[1], "one inside");
	ok(!amqp_window_take(&w, 2, &s), "only once");
	ok(amqp_window_full(&w), "the oldest keeps its place");
	ok(amqp_window_find(&w, id[2])->part == &part[2], "found by its id");
	ok(amqp_window_find(&w, id[1]) == NULL, "what is gone is not");
	amqp_window_find(&w, id[2])->returned = true;
	ok(amqp_window_find(&w, id[2]) == NULL, "nor what was returned");
	ok(amqp_window_take(&w, 1, &s) && s.part == &part[0], "the oldest");
	ok(!amqp_window_full(&w) && w.n == 2 && w.oldest == 3,
	    "two places are free");
	amqp_window_put(&w, &part[4]);
	amqp_window_put(&w, &part[5]);
	ok(amqp_window_full(&w), "the ring goes round");
	for (uint64_t tag = 3; tag < 7; tag++)
		ok(amqp_window_take(&w, tag, &s) && s.part == &part[tag - 1],
		    "in order");
	ok(w.n == 0 && amqp_window_oldest(&w) == NULL, "empty again");
	amqp_window_reset(&w);
	is_int(w.next, 1, "tags begin anew");
	free(w.ring);
}

int
main(void)
{
	test_uri();
	test_route();
	test_field();
	test_window();
	return done_testing();
}
