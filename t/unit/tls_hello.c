/* tls_hello: the server name of a ClientHello, and as a file's name. */
#include "tls_hello.h"
#include "tap.h"

#define EMPTY "\0\2\x13\1\1\0" /* one suite, one compression */
#define NAME "\0\0\0\x10\0\x0e\0\0\13example.org"

static const struct {
	struct span rest;
	bool good;
	struct span name;
} hellos[] = {
    {SPAN_LIT(EMPTY), true, SPAN_LIT("")},
    {SPAN_LIT(EMPTY "\0\0"), true, SPAN_LIT("")},
    {SPAN_LIT(EMPTY "\0\x14" NAME), true, SPAN_LIT("example.org")},
    {SPAN_LIT(EMPTY "\0\x19" "\0\x0d\0\1x" NAME), true,
	SPAN_LIT("example.org")},
    {SPAN_LIT(EMPTY "\0\x14" NAME "x"), false, SPAN_LIT("")},
    {SPAN_LIT(EMPTY "\0\x15" NAME), false, SPAN_LIT("")},
    {SPAN_LIT(EMPTY "\0\x13" NAME), false, SPAN_LIT("")},
    {SPAN_LIT(EMPTY "\0"), false, SPAN_LIT("")},
    {SPAN_LIT("\0\2\x13"), false, SPAN_LIT("")},
    {SPAN_LIT(""), false, SPAN_LIT("")},
    {SPAN_LIT(EMPTY "\0\6\0\0\0\2\0\1"), false, SPAN_LIT("")},
    {SPAN_LIT(EMPTY "\0\x09\0\0\0\5\0\3\1\0\0"), true,
	SPAN_LIT("")}, /* of another type */
};

static const struct {
	struct span from;
	const char *to;
} names[] = {
    {SPAN_LIT("MX.Example.ORG"), "mx.example.org"},
    {SPAN_LIT("mx.example.org."), "mx.example.org"},
    {SPAN_LIT("localhost"), "localhost"},
    {SPAN_LIT("xn--bcher-kva.example"), "xn--bcher-kva.example"},
    {SPAN_LIT("_x.example"), "_x.example"},
    {SPAN_LIT(""), ""},
    {SPAN_LIT("."), ""},
    {SPAN_LIT(".."), ""},
    {SPAN_LIT(".a"), ""},
    {SPAN_LIT("a..b"), ""},
    {SPAN_LIT("a/b"), ""},
    {SPAN_LIT("../a"), ""},
    {SPAN_LIT("a b"), ""},
    {SPAN_LIT("a\0b"), ""},
    {SPAN_LIT("a\nb"), ""},
    {SPAN_LIT("*.a"), ""},
    {SPAN_LIT("127.0.0.1"), ""},
    {SPAN_LIT("::1"), ""},
    {SPAN_LIT("\xc3\xa9.example"), ""},
};

int
main(void)
{
	char out[TLS_NAME], large[300];

	for (size_t i = 0; i < sizeof hellos / sizeof *hellos; i++) {
		struct span name = SPAN("none");

		is_int(tls_hello_name(hellos[i].rest, &name), hellos[i].good,
		    "a ClientHello");
		if (hellos[i].good)
			is_span(name, hellos[i].name, "its name");
	}
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		size_t n = tls_hello_clean(names[i].from, out);

		is_span(span_make(out, n), span_of(names[i].to), "a name");
	}
	memset(large, 'a', sizeof large);
	is_size(tls_hello_clean(span_make(large, 255), out), 255, "long");
	is_size(tls_hello_clean(span_make(large, 256), out), 0, "too long");
	return done_testing();
}
