/* Special-use addresses (RFC 6890), and names made from addresses. The Lua
 * test has one address of each kind; here are the edges. */
#include "ip_kind.h"
#include "tap.h"

static unsigned
kind(const char *s)
{
	struct ip ip;

	if (ip_parse(span_of(s), &ip) == -1)
		return ~0u;
	return ip_kind(&ip);
}

static const struct {
	const char *ip;
	unsigned kind;
} cases[] = {
    {"0.0.0.0", IP_KIND_THIS_HOST},
    {"0.0.0.1", IP_KIND_THIS_NET},
    {"0.255.255.255", IP_KIND_THIS_NET},
    {"1.0.0.0", 0},
    {"9.255.255.255", 0},
    {"10.0.0.0", IP_KIND_PRIVATE_A},
    {"11.0.0.0", 0},
    {"100.63.255.255", 0},
    {"100.64.0.0", IP_KIND_SHARED},
    {"126.255.255.255", 0},
    {"127.0.0.0", IP_KIND_LOOPBACK},
    {"127.0.0.1", IP_KIND_LOCALHOST},
    {"127.255.255.255", IP_KIND_LOOPBACK},
    {"172.15.255.255", 0},
    {"172.16.0.0", IP_KIND_PRIVATE_B},
    {"192.0.0.0", IP_KIND_RESERVED},
    {"192.0.1.0", 0},
    {"192.0.2.255", IP_KIND_TEST_NET},
    {"192.167.255.255", 0},
    {"192.168.0.0", IP_KIND_PRIVATE_C},
    {"198.17.255.255", 0},
    {"198.18.0.0", IP_KIND_BENCHMARK},
    {"198.51.100.0", IP_KIND_TEST_NET},
    {"223.255.255.255", 0},
    {"224.0.0.0", IP_KIND_MULTICAST},
    {"239.255.255.255", IP_KIND_MULTICAST},
    {"240.0.0.0", IP_KIND_RESERVED},
    {"255.255.255.255", IP_KIND_RESERVED},
    {"::", IP_KIND_THIS_HOST},
    {"::1", IP_KIND_LOCALHOST},
    {"::2", IP_KIND_V4_COMPATIBLE},
    {"::ffff:10.0.0.1", IP_KIND_PRIVATE_A},
    {"64:ff9b::1", 0},
    {"64:ff9b:1::1", IP_KIND_RESERVED},
    {"100::1", IP_KIND_RESERVED},
    {"1fff:ffff::", IP_KIND_RESERVED},
    {"2000::", 0},
    {"2001:2::1", IP_KIND_BENCHMARK},
    {"2001:db8::", IP_KIND_TEST_NET},
    {"3fff:fff::", IP_KIND_TEST_NET},
    {"3fff:ffff::", 0},
    {"4000::", IP_KIND_RESERVED},
    {"fbff::", IP_KIND_RESERVED},
    {"fc00::", IP_KIND_UNIQUE_LOCAL},
    {"fdff::", IP_KIND_UNIQUE_LOCAL},
    {"fe00::", IP_KIND_RESERVED},
    {"fe80::", IP_KIND_LINK_LOCAL},
    {"febf::", IP_KIND_LINK_LOCAL},
    {"fec0::", IP_KIND_SITE_LOCAL},
    {"ff02::1", IP_KIND_MULTICAST},
};

static bool
in_name(const char *address, const char *name)
{
	struct ip ip;

	return ip_parse(span_of(address), &ip) == 0 &&
	    ip_in_name(&ip, span_of(name));
}

int
main(void)
{
	static const struct ip none;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		is_int(kind(cases[i].ip), cases[i].kind, cases[i].ip);
	is_int(ip_kind(&none), 0, "no address is of no kind");

	ok(in_name("10.0.0.1", "10.0.0.1"), "the whole name");
	ok(in_name("10.0.0.1", "x1.0.0.10.y"), "backwards, behind a letter");
	ok(in_name("255.255.255.255", "ffffffff"), "hexadecimal");
	ok(in_name("255.255.255.255", "255255255255x"), "twelve digits");
	ok(!in_name("10.0.0.1", "10.0.0.0001"), "four digits are no octet");
	ok(!in_name("10.0.0.1", "10.0.0"), "three numbers");
	ok(!in_name("10.0.0.1", "10.0.0."), "three, and a dot");
	ok(!in_name("10.0.0.1", "10..0.0.1"), "two separators");
	ok(!in_name("10.0.0.1", "0a00000"), "seven digits");
	ok(!in_name("10.0.0.1", "0a0000010"), "nine");
	ok(!in_name("10.0.0.1", ""), "nothing");
	ok(!in_name("2001:db8::1", "2001:db8::1"), "IPv6 is not looked for");
	return done_testing();
}
