/* PROXY headers, whole and cut at every octet. */
#include "proxy.h"
#include "tap.h"
#include <arpa/inet.h>

#define SIG "\r\n\r\n\0\r\nQUIT\n"

struct test {
	struct span in;
	const char *shown; /* "CLIENT ip port local port length", or why */
};

static const struct test tests[] = {
    {SPAN_LIT("PROXY TCP4 192.0.2.1 192.0.2.25 4711 25\r\n"),
	"CLIENT 192.0.2.1 4711 192.0.2.25 25 41"},
    {SPAN_LIT("PROXY TCP6 2001:db8::1 2001:db8::25 65535 0\r\n"),
	"CLIENT 2001:db8::1 65535 2001:db8::25 0 45"},
    {SPAN_LIT("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n"),
	"CLIENT 192.0.2.1 1 ::1 2 37"},
    {SPAN_LIT("PROXY UNKNOWN\r\n"), "UNKNOWN  0  0 15"},
    {SPAN_LIT("PROXY UNKNOWN ffff:f...f:ffff x y 1\r\n"),
	"UNKNOWN  0  0 37"},
    {SPAN_LIT("EHLO x\r\n"), "no PROXY header"},
    {SPAN_LIT("PROXIED\r\n"), "no PROXY header"},
    {SPAN_LIT("PROXY\r\n"), "no PROXY header"},
    {SPAN_LIT("PROXY TCP4 192.0.2.1 192.0.2.25 4711 25\n"), "a bare LF"},
    {SPAN_LIT("PROXY TCP5 192.0.2.1 192.0.2.25 4711 25\r\n"),
	"unknown protocol"},
    {SPAN_LIT("PROXY \r\n........."), "unknown protocol"},
    {SPAN_LIT("PROXY UDP4 192.0.2.1 192.0.2.25 4711 25\r\n"),
	"unknown protocol"},
    {SPAN_LIT("PROXY TCP4 192.0.2.1 192.0.2.25 4711\r\n"),
	"not protocol, two addresses, two ports"},
    {SPAN_LIT("PROXY TCP4 192.0.2.1 192.0.2.25 4711 25 \r\n"),
	"not protocol, two addresses, two ports"},
    {SPAN_LIT("PROXY TCP4  192.0.2.1 192.0.2.25 4711 25\r\n"),
	"not protocol, two addresses, two ports"},
    {SPAN_LIT("PROXY TCP4 192.0.2.1 192.0.2.256 4711 25\r\n"),
	"bad address"},
    {SPAN_LIT("PROXY TCP4 2001:db8::1 2001:db8::25 1 2\r\n"), "bad address"},
    {SPAN_LIT("PROXY TCP6 192.0.2.1 192.0.2.25 1 2\r\n"), "bad address"},
    {SPAN_LIT("PROXY TCP4 192.0.2.1 192.0.2.25 04711 25\r\n"), "bad port"},
    {SPAN_LIT("PROXY TCP4 192.0.2.1 192.0.2.25 65536 25\r\n"), "bad port"},
    {SPAN_LIT("PROXY TCP4 192.0.2.1 192.0.2.25 -1 25\r\n"), "bad port"},
    {SPAN_LIT("PROXY TCP4 192.0.2.1 192.0.2.25 4711 25\rx\r\n"), "bad port"},
    {SPAN_LIT("PROXY UNKNOWN ....................................."
	      "...............................................\r\n"),
	"UNKNOWN  0  0 100"},
    {SPAN_LIT("PROXY UNKNOWN ....................................."
	      ".......................................................\r\n"),
	"no end"},
    {SPAN_LIT(SIG "\x21\x11\0\x0c\xc0\0\2\1\xc0\0\2\x19\x12\x67\0\x19"),
	"CLIENT 192.0.2.1 4711 192.0.2.25 25 28"},
    {SPAN_LIT(SIG "\x21\x11\0\x0f\xc0\0\2\1\xc0\0\2\x19\x12\x67\0\x19\4\0\0"),
	"CLIENT 192.0.2.1 4711 192.0.2.25 25 31"},
    {SPAN_LIT(SIG "\x21\x21\0\x24\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
		  "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\x19\x12\x67\0\x19"),
	"CLIENT 2001:db8::1 4711 192.0.2.25 25 52"},
    {SPAN_LIT(SIG "\x20\0\0\0"), "LOCAL  0  0 16"},
    {SPAN_LIT(SIG "\x20\x11\0\x0c"), "LOCAL  0  0 28"},
    {SPAN_LIT(SIG "\x20\xff\xff\xff"), "LOCAL  0  0 65551"},
    {SPAN_LIT(SIG "\x21\0\0\0"), "UNKNOWN  0  0 16"},
    {SPAN_LIT(SIG "\x21\0\1\0"), "UNKNOWN  0  0 272"},
    {SPAN_LIT(SIG "\x11\x11\0\x0c"), "not version 2"},
    {SPAN_LIT(SIG "\x22\x11\0\x0c"), "unknown command"},
    {SPAN_LIT(SIG "\x21\x12\0\x0c"), "no stream"},
    {SPAN_LIT(SIG "\x21\x10\0\x0c"), "no stream"},
    {SPAN_LIT(SIG "\x21\x41\0\x0c"), "unknown address family"},
    {SPAN_LIT(SIG "\x21\x11\0\x0b"), "too short"},
    {SPAN_LIT(SIG "\x21\x21\0\x23"), "too short"},
    {SPAN_LIT(SIG "\x21\x31\0\xd7"), "too short"},
    {SPAN_LIT("\r\n\r\n\0\r\nQUIX"), "no PROXY header"},
    {SPAN_LIT("\r\n"), "more 12"},
    {SPAN_LIT("P"), "more 12"},
    {SPAN_LIT("PROXY TCP4 "), "more 15"},
    {SPAN_LIT("PROXY TCP4 192.0.2.1 192.0.2.25 4711 25"), "more 41"},
    {SPAN_LIT("PROXY TCP4 192.0.2.1 192.0.2.25 4711 25\r"), "more 41"},
};

static const char *
shown(struct span s)
{
	static const char *const names[] = {
	    "LOCAL", "UNKNOWN", "UNIX", "CLIENT"};
	static struct buf b;
	char ip[IP_TEXT], local[IP_TEXT];
	struct proxy p;
	const char *why = NULL;

	buf_reset(&b);
	switch (proxy_parse(s, &p, &why)) {
	case PROXY_BAD:
		return why;
	case PROXY_MORE:
		buf_printf(&b, "more %zu", p.length);
		break;
	case PROXY_DONE:
		buf_printf(&b, "%s %s %u %s %u %zu", names[p.what],
		    ip_format(&p.ip, ip), p.port, ip_format(&p.local, local),
		    p.local_port, p.length);
	}
	return buf_cstr(&b);
}

/* However it arrives, a part is "more", and never more than there is. */
static void
cut(const struct test *t)
{
	struct proxy p;
	const char *why = NULL;
	bool good = true;
	size_t n = 0;

	while (n < t->in.n) {
		enum proxy_status s = proxy_parse(span_head(t->in, n), &p,
		    &why);

		if (s != PROXY_MORE)
			break;
		good &= p.length > n;
		n++;
	}
	ok(good, "in parts it asks for more of itself");
	if (strncmp(t->shown, "more", 4) != 0)
		is_str(shown(span_head(t->in, n)), t->shown,
		    "and the end is the same");
}

/* Who reads as many octets as are asked for never reads one too many. */
static void
exact(const struct test *t)
{
	struct proxy p;
	const char *why = NULL;
	size_t n = 0;

	while (n <= t->in.n &&
	    proxy_parse(span_head(t->in, n), &p, &why) == PROXY_MORE)
		n = p.length;
	if (why == NULL)
		ok(n <= t->in.n, "no octet too many");
}

static void
test_unix(void)
{
	static const char head[] = SIG "\x21\x31\0\xd8";
	char all[16 + 216] = {0};

	memcpy(all, head, sizeof head - 1);
	is_str(shown(span_make(all, 16)), "more 232", "a UNIX address");
	is_str(shown(span_make(all, sizeof all)), "UNIX  0  0 232",
	    "is no address");
}

int
main(void)
{
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
		is_str(shown(tests[i].in), tests[i].shown, tests[i].shown);
		cut(&tests[i]);
		if (strncmp(tests[i].shown, "CLIENT", 6) == 0)
			exact(&tests[i]);
	}
	test_unix();
	is_size(proxy_line_part(SPAN("abc\r\ndef")), 5, "a line's part");
	is_size(proxy_line_part(SPAN("abc\r")), 4, "all of it");
	ok(proxy_is_line(SPAN("PRO")) && !proxy_is_line(SPAN("PRX")) &&
	    !proxy_is_line(SPAN("")), "the start of a line");
	return done_testing();
}
