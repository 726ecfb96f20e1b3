/* Addresses and networks: one text each, and the v4-mapped rule. */
#include "ip.h"
#include "tap.h"
#include <arpa/inet.h>
#include <netinet/in.h>

static const struct {
	struct span in;
	const char *text;
	int family;
} good[] = {
#define V4(in, text) {SPAN_LIT(in), text, AF_INET}
#define V6(in, text) {SPAN_LIT(in), text, AF_INET6}
    V4("0.0.0.0", "0.0.0.0"),
    V4("192.0.2.1", "192.0.2.1"),
    V4("255.255.255.255", "255.255.255.255"),
    V4("::ffff:192.0.2.1", "192.0.2.1"),
    V4("::FFFF:c000:0201", "192.0.2.1"),
    V4("0:0:0:0:0:ffff:1.2.3.4", "1.2.3.4"),
    V6("::", "::"),
    V6("::1", "::1"),
    V6("1::", "1::"),
    V6("2001:DB8::A", "2001:db8::a"),
    V6("2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
    /* RFC 5952 4.2.2: one zero group is no run; 4.2.3: the longest, the
     * first of two */
    V6("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
    V6("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
    V6("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
    V6("0:0:1:1:1:1:0:0", "::1:1:1:1:0:0"),
    V6("0:1:1:1:1:1:1:0", "0:1:1:1:1:1:1:0"),
    V6("1:1:1:1:1:1:0:0", "1:1:1:1:1:1::"),
    V6("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
    V6("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    V6("::1.2.3.4", "::102:304"),
    V6("::fffe:1.2.3.4", "::fffe:102:304"),
    V6("64:ff9b::192.0.2.1", "64:ff9b::c000:201"),
};

static const struct span bad[] = {
    SPAN_LIT(""), SPAN_LIT("1"), SPAN_LIT("1.2.3"), SPAN_LIT("1.2.3.4.5"),
    SPAN_LIT("1.2.3.256"), SPAN_LIT("1.2.3.04"), SPAN_LIT("1.2.3.4 "),
    SPAN_LIT(" 1.2.3.4"), SPAN_LIT("1.2.3.4\0"), SPAN_LIT("1.2.3.4\n"),
    SPAN_LIT("0x1.2.3.4"), SPAN_LIT("1..3.4"), SPAN_LIT("1.2.3.-4"),
    SPAN_LIT("16909060"), SPAN_LIT("unknown"), SPAN_LIT(":"),
    SPAN_LIT(":::"), SPAN_LIT("1:2:3:4:5:6:7"), SPAN_LIT("1:2:3:4:5:6:7:8:9"),
    SPAN_LIT("1::2::3"), SPAN_LIT("12345::"), SPAN_LIT("g::"),
    SPAN_LIT("::1%lo"), SPAN_LIT("[::1]"), SPAN_LIT("::1\0"),
    SPAN_LIT("::1.2.3"), SPAN_LIT("::1.2.3.4.5"), SPAN_LIT("1.2.3.4::"),
    SPAN_LIT("::1.2.3.4:5"), SPAN_LIT("1:2:3:4:5:6:7:1.2.3.4"),
    SPAN_LIT("0000:0000:0000:0000:0000:0000:0000:00000001"),
    SPAN_LIT("0000:0000:0000:0000:0000:ffff:255.255.255.2555"),
};

static void
texts(void)
{
	struct ip ip, again;
	char text[IP_TEXT], name[80];

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		is_int(ip_parse(good[i].in, &ip), 0, good[i].in.p);
		is_int(ip.family, good[i].family, "... family");
		is_str(ip_format(&ip, text), good[i].text, "... text");
		ok(ip_parse(span_of(text), &again) == 0 && ip_eq(&ip, &again),
		    "... the same again");
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(name, sizeof name, "refused: %.*s", SPAN_ARG(bad[i]));
		is_int(ip_parse(bad[i], &ip), -1, name);
	}
	ip = (struct ip){0};
	is_str(ip_format(&ip, text), "", "none has no text");
}

static void
sockets(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(25)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
	    .sin6_port = htons(40000)};
	struct sockaddr un = {.sa_family = AF_UNIX};
	struct ip ip, want;
	unsigned port = 0;

	in.sin_addr.s_addr = htonl(0xc0000201);
	ip_parse(SPAN("192.0.2.1"), &want);
	is_int(ip_from_sockaddr((struct sockaddr *)&in, &ip, &port), 0, "v4");
	ok(ip_eq(&ip, &want), "... address");
	is_int(port, 25, "... port");
	inet_pton(AF_INET6, "::ffff:192.0.2.1", &in6.sin6_addr);
	is_int(ip_from_sockaddr((struct sockaddr *)&in6, &ip, &port), 0,
	    "mapped");
	ok(ip_eq(&ip, &want), "... is v4");
	is_int(port, 40000, "... port");
	inet_pton(AF_INET6, "2001:db8::1", &in6.sin6_addr);
	is_int(ip_from_sockaddr((struct sockaddr *)&in6, &ip, NULL), 0, "v6");
	ip_parse(SPAN("2001:db8::1"), &want);
	ok(ip_eq(&ip, &want), "... address");
	is_int(ip_from_sockaddr(&un, &ip, &port), -1, "neither");
}

static const struct {
	const char *net, *ip;
	int in; /* 1, 0, or -1: the network is refused */
} nets[] = {
    {"192.0.2.0/24", "192.0.2.255", 1},
    {"192.0.2.0/24", "192.0.3.0", 0},
    {"192.0.2.77/24", "192.0.2.1", 1},
    {"192.0.2.1", "192.0.2.1", 1},
    {"192.0.2.1", "192.0.2.2", 0},
    {"192.0.2.1/32", "192.0.2.1", 1},
    {"192.0.2.0/31", "192.0.2.1", 1},
    {"192.0.2.0/31", "192.0.2.2", 0},
    {"192.0.2.128/25", "192.0.2.127", 0},
    {"192.0.2.128/25", "192.0.2.129", 1},
    {"10.0.0.0/8", "10.255.255.255", 1},
    {"10.0.0.0/8", "11.0.0.0", 0},
    {"172.16.0.0/12", "172.31.255.255", 1},
    {"172.16.0.0/12", "172.32.0.0", 0},
    {"128.0.0.0/1", "127.255.255.255", 0},
    {"128.0.0.0/1", "255.0.0.0", 1},
    {"0.0.0.0/0", "255.1.2.3", 1},
    {"1.2.3.4/0", "255.1.2.3", 1},
    {"0.0.0.0/0", "::ffff:1.2.3.4", 1},
    {"0.0.0.0/0", "::1", 0},
    {"::/0", "2001:db8::1", 1},
    {"::/0", "1.2.3.4", 0},
    {"::/0", "::ffff:1.2.3.4", 0},
    {"2001:db8::/32", "2001:db8:ffff::1", 1},
    {"2001:db8::/32", "2001:db9::", 0},
    {"2001:db8::1/128", "2001:db8::1", 1},
    {"2001:db8::1/127", "2001:db8::", 1},
    {"2001:db8::1/127", "2001:db8::2", 0},
    {"2001:db8::1", "2001:db8::2", 0},
    {"fe80::/10", "febf::1", 1},
    {"fe80::/10", "fec0::1", 0},
    /* a mapped network is the v4 one, a v4 client meets it in any dress */
    {"::ffff:192.0.2.0/120", "192.0.2.200", 1},
    {"::ffff:192.0.2.0/120", "192.0.3.1", 0},
    {"::ffff:192.0.2.0/120", "::ffff:192.0.2.9", 1},
    {"::ffff:0:0/96", "203.0.113.9", 1},
    {"::ffff:192.0.2.1", "192.0.2.1", 1},
    {"::ffff:192.0.2.1", "192.0.2.2", 0},
    {"::ffff:192.0.2.0/24", "192.0.2.1", -1},
    {"::ffff:0:0/95", "192.0.2.1", -1},
    {"", "1.2.3.4", -1},
    {"/", "1.2.3.4", -1},
    {"1.2.3.4/", "1.2.3.4", -1},
    {"1.2.3.4/33", "1.2.3.4", -1},
    {"1.2.3.4/-1", "1.2.3.4", -1},
    {"1.2.3.4/+1", "1.2.3.4", -1},
    {"1.2.3.4/08", "1.2.3.4", -1},
    {"1.2.3.4/00", "1.2.3.4", -1},
    {"1.2.3.4/8 ", "1.2.3.4", -1},
    {"1.2.3.4/ 8", "1.2.3.4", -1},
    {"1.2.3.4/8/8", "1.2.3.4", -1},
    {"1.2.3.4/255.0.0.0", "1.2.3.4", -1},
    {"1.2.3.4/4294967304", "1.2.3.4", -1},
    {"1.2.3/24", "1.2.3.4", -1},
    {"10/8", "10.0.0.0", -1},
    {"::/129", "::1", -1},
    {"::1/0128", "::1", -1},
};

static void
networks(void)
{
	char name[80];
	struct ip none = {0}, ip;
	struct ip_net net;

	for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
		int got = ip_net_parse(span_of(nets[i].net), &net);

		if (got == 0 && ip_parse(span_of(nets[i].ip), &ip) == 0)
			got = ip_net_contains(&net, &ip);
		snprintf(name, sizeof name, "%s with %s", nets[i].net,
		    nets[i].ip);
		is_int(got, nets[i].in, name);
	}
	ip_net_parse(SPAN("0.0.0.0/0"), &net);
	ok(!ip_net_contains(&net, &none), "no network holds what is unknown");
	net = (struct ip_net){0};
	ok(!ip_net_contains(&net, &none), "... not even none");
	ok(!ip_net_contains(&net, &ip), "no network holds nothing");
	ip_net_parse(SPAN("192.0.2.77/25"), &net);
	is_int(net.bits, 25, "bits");
	ip_parse(SPAN("192.0.2.0"), &ip);
	ok(ip_eq(&net.ip, &ip), "host bits are masked");
	ip_net_parse(SPAN("::ffff:192.0.2.0/120"), &net);
	is_int(net.bits, 24, "bits of a mapped network");
}

static void
reverse(const char *text, bool arpa, const char *want)
{
	struct buf b = {0};
	struct ip ip = {0};

	ip_parse(span_of(text), &ip);
	buf_puts(&b, ">");
	ip_reverse(&ip, arpa, &b);
	is_str(buf_cstr(&b) + 1, want, "reverse");
	buf_free(&b);
}

/* The name stands for the address; NULL: for none. */
static void
reversed(const char *name, const char *want)
{
	char text[IP_TEXT] = "none";
	struct ip ip;

	if (ip_parse_reverse(span_of(name), &ip) == 0)
		ip_format(&ip, text);
	is_str(text, want != NULL ? want : "none", name);
}

static void
reversed_names(void)
{
	reversed("1.2.0.192.in-addr.arpa", "192.0.2.1");
	reversed("1.2.0.192.IN-ADDR.arpa.", "192.0.2.1");
	reversed("2.0.192.in-addr.arpa.", NULL);
	reversed("1.1.2.0.192.in-addr.arpa.", NULL);
	reversed("256.2.0.192.in-addr.arpa.", NULL);
	reversed("1/25.2.0.192.in-addr.arpa.", NULL);
	reversed("..0.192.in-addr.arpa.", NULL);
	reversed(".in-addr.arpa.", NULL);
	reversed("in-addr.arpa.", NULL);
	reversed("999999999999999999.in-addr.arpa", NULL);
	reversed("1.2.0.192", NULL);
	reversed("", NULL);
	reversed(".", NULL);
	reversed("b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0."
		 "0.2.ip6.arpa.", "2001:db8::567:89ab");
	reversed("1.0.2.0.0.0.0.c.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
		 "0.0.ip6.arpa", "192.0.2.1");
	reversed("a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0."
		 "0.2.ip6.arpa.", NULL);
	reversed("bba.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0."
		 "0.2.ip6.arpa.", NULL);
	reversed("x.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0."
		 "0.2.ip6.arpa.", NULL);
}

int
main(void)
{
	texts();
	sockets();
	networks();
	reverse("192.0.2.1", true, "1.2.0.192.in-addr.arpa");
	reverse("192.0.2.1", false, "1.2.0.192");
	reverse("::ffff:192.0.2.1", false, "1.2.0.192");
	reverse("2001:db8::567:89ab", true,
	    "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
	    ".ip6.arpa");
	reverse("unknown", true, "");
	reversed_names();
	return done_testing();
}
