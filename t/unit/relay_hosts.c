/* relay_route, relay_hosts: what is pure in them; relay_down. */
#include "relay_down.h"
#include "relay_hosts.h"
#include "tap.h"
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

static void
test_routes(void)
{
	static const struct {
		const char *text;
		bool mx;
		unsigned port;
		const char *host;
	} good[] = {
	    {"smtp:", true, 0, NULL},
	    {"SMTP:", true, 0, NULL},
	    {"smtp::2525", true, 2525, NULL},
	    {"smtp:mx.example.net", false, 0, "mx.example.net"},
	    {"smtp:mx.example.net:26", false, 26, "mx.example.net"},
	    {"smtp:192.0.2.1:26", false, 26, "192.0.2.1"},
	    {"smtp:[2001:db8::1]:26", false, 26, "2001:db8::1"},
	};
	static const char *const bad[] = {"lmtp:x", "smtp", "", "smtp:a b",
	    "smtp::", "smtp::0", "smtp::65536", "smtp::25x", "smtp:x:",
	    "smtp:[::1", "smtp:x:99999", "smtp:-:"};
	struct relay_route r;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		ok(relay_route_parse(span_of(good[i].text), SPAN("smtp:"),
		       &r) == 0 && r.mx == good[i].mx &&
		    r.port == good[i].port, good[i].text);
		if (good[i].host != NULL)
			is_span(r.target.host, span_of(good[i].host), "host");
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(relay_route_parse(span_of(bad[i]), SPAN("smtp:"), &r) ==
		    -1, bad[i]);
	ok(relay_route_parse(SPAN("lmtp:/a/b"), SPAN("lmtp:"), &r) == 0 &&
	    span_eq(r.target.path, SPAN("/a/b")), "a path");
	is_span(relay_domain(SPAN("a@b@c"), SPAN("me")), SPAN("c"), "domain");
	is_span(relay_domain(SPAN("postmaster"), SPAN("me")), SPAN("me"),
	    "without one");
}

static void
test_order(void)
{
	static const struct span ours[] = {SPAN_LIT("us.example"),
	    SPAN_LIT("")};
	struct relay_mx v[6] = {{20, SPAN_LIT("d")}, {10, SPAN_LIT("a")},
	    {10, SPAN_LIT("b")}, {30, SPAN_LIT("US.example")},
	    {10, SPAN_LIT("c")}, {30, SPAN_LIT("e")}};
	unsigned char random[6];
	bool sorted = true, met[3] = {false, false, false};

	for (unsigned i = 0; i < 1000; i++) {
		for (unsigned k = 0; k < 6; k++)
			random[k] = (unsigned char)(i * 31 + k * 17 + i / 7);
		relay_mx_sort(v, 6, random);
		for (size_t k = 1; k < 6; k++)
			sorted &= v[k - 1].preference <= v[k].preference;
		met[v[0].name.p[0] - 'a'] = true;
	}
	ok(sorted, "sorted by preference, whatever the shuffle");
	ok(met[0] && met[1] && met[2], "each of the equals is first now and "
	    "then");
	is_size(relay_mx_before_us(v, 6, ours, 2), 4,
	    "those before all that are as far as we are");
	is_size(relay_mx_before_us(v, 4, ours, 2), 4, "we are none of them");
	is_size(relay_mx_before_us(v + 4, 2, ours, 2), 0, "we are the best");
	is_size(relay_mx_before_us(v, 0, ours, 2), 0, "none at all");
	relay_mx_sort(v, 0, random);
}

static void
test_down(void)
{
	struct ip a, b;
	int status;

	ip_parse(SPAN("192.0.2.1"), &a);
	ip_parse(SPAN("2001:db8::1"), &b);
	is_int(relay_down_find(&a, 25), 0, "before the start nothing is known");
	relay_down_note(&a, 25, ETIMEDOUT);
	relay_down_init();
	is_int(relay_down_find(&a, 25), 0, "nothing is down");
	if (fork() == 0) {
		relay_down_note(&a, 25, ETIMEDOUT);
		relay_down_note(&b, 25, ECONNREFUSED);
		_exit(0);
	}
	wait(&status);
	is_int(relay_down_find(&a, 25), ETIMEDOUT, "another process noted it");
	is_int(relay_down_find(&b, 25), ECONNREFUSED, "and another address");
	is_int(relay_down_find(&a, 26), 0, "another port is another place");
	relay_down_clear(&a, 25);
	is_int(relay_down_find(&a, 25), 0, "it is back");
	for (unsigned i = 0; i < 100000; i++) {
		a.a[2] = (unsigned char)(i >> 8);
		a.a[3] = (unsigned char)i;
		relay_down_note(&a, i >> 16, EHOSTUNREACH);
	}
	is_int(relay_down_find(&a, 99999 >> 16), EHOSTUNREACH,
	    "a full table has the last one");
}

int
main(void)
{
	test_routes();
	test_order();
	test_down();
	return done_testing();
}
