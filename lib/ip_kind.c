/* ip_kind: see ip_kind.h. */
#include "ip_kind.h"
#include <stdio.h>

/* The first that matches counts. */
static const struct {
	struct ip_net net;
	unsigned kind;
} table[] = {
    {{{AF_INET, {127, 0, 0, 1}}, 32}, IP_KIND_LOCALHOST},
    {{{AF_INET, {127}}, 8}, IP_KIND_LOOPBACK},
    {{{AF_INET, {0}}, 32}, IP_KIND_THIS_HOST},
    {{{AF_INET, {0}}, 8}, IP_KIND_THIS_NET},
    {{{AF_INET, {10}}, 8}, IP_KIND_PRIVATE_A},
    {{{AF_INET, {100, 64}}, 10}, IP_KIND_SHARED},
    {{{AF_INET, {169, 254}}, 16}, IP_KIND_LINK_LOCAL},
    {{{AF_INET, {172, 16}}, 12}, IP_KIND_PRIVATE_B},
    {{{AF_INET, {192, 0, 0}}, 24}, IP_KIND_RESERVED},
    {{{AF_INET, {192, 0, 2}}, 24}, IP_KIND_TEST_NET},
    {{{AF_INET, {192, 168}}, 16}, IP_KIND_PRIVATE_C},
    {{{AF_INET, {198, 18}}, 15}, IP_KIND_BENCHMARK},
    {{{AF_INET, {198, 51, 100}}, 24}, IP_KIND_TEST_NET},
    {{{AF_INET, {203, 0, 113}}, 24}, IP_KIND_TEST_NET},
    {{{AF_INET, {224}}, 4}, IP_KIND_MULTICAST},
    {{{AF_INET, {240}}, 4}, IP_KIND_RESERVED},
    {{{AF_INET6, {[15] = 1}}, 128}, IP_KIND_LOCALHOST},
    {{{AF_INET6, {0}}, 128}, IP_KIND_THIS_HOST},
    {{{AF_INET6, {0}}, 96}, IP_KIND_V4_COMPATIBLE},
    {{{AF_INET6, {0x20, 0x01, 0, 2}}, 48}, IP_KIND_BENCHMARK},
    {{{AF_INET6, {0x20, 0x01, 0x0d, 0xb8}}, 32}, IP_KIND_TEST_NET},
    {{{AF_INET6, {0x3f, 0xff}}, 20}, IP_KIND_TEST_NET},
    {{{AF_INET6, {0x20}}, 3}, 0},
    {{{AF_INET6, {0xfc}}, 7}, IP_KIND_UNIQUE_LOCAL},
    {{{AF_INET6, {0xfe, 0x80}}, 10}, IP_KIND_LINK_LOCAL},
    {{{AF_INET6, {0xfe, 0xc0}}, 10}, IP_KIND_SITE_LOCAL},
    {{{AF_INET6, {0xff}}, 8}, IP_KIND_MULTICAST},
    /* RFC 6052: IPv4 addresses behind a translator are global ones. */
    {{{AF_INET6, {0, 0x64, 0xff, 0x9b}}, 96}, 0},
    {{{AF_INET6, {0}}, 0}, IP_KIND_RESERVED},
};

unsigned
ip_kind(const struct ip *ip)
{
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (ip_net_contains(&table[i].net, ip))
			return table[i].kind;
	return 0;
}

/* Does s begin with this number, whatever zeros stand before it, and no more
 * digits? Returns its length, or 0. */
static size_t
number_at(struct span s, unsigned octet)
{
	unsigned value = 0;
	size_t i = 0;

	for (; i < s.n && i < 4 && ascii_isdigit(s.p[i]); i++)
		value = value * 10 + (unsigned)(s.p[i] - '0');
	return i > 0 && i < 4 && value == octet ? i : 0;
}

/* Four numbers with one separator between each two. */
static bool
numbers_at(struct span s, const unsigned char octets[4])
{
	for (int k = 0; k < 4; k++) {
		size_t n = number_at(s, octets[k]);

		if (n == 0)
			return false;
		s = span_skip(s, n);
		if (k == 3)
			break;
		if (s.n == 0 || memchr(".-_", s.p[0], 3) == NULL)
			return false;
		s = span_skip(s, 1);
	}
	return true;
}

/* In the middle of a longer number it is another one. */
static bool
digits_at(struct span name, size_t at, struct span digits)
{
	size_t end = at + digits.n;

	return span_eq(span_head(span_skip(name, at), digits.n), digits) &&
	    (end == name.n || !ascii_isdigit(name.p[end]));
}

static bool
hex_at(struct span name, size_t at, struct span hex)
{
	size_t end = at + hex.n;

	if (at > 0 && ascii_hex(name.p[at - 1]) != -1)
		return false;
	return span_ieq(span_head(span_skip(name, at), hex.n), hex) &&
	    (end >= name.n || ascii_hex(name.p[end]) == -1);
}

static bool
octets_in_name(const unsigned char a[4], struct span name)
{
	char padded[16], hex[12];

	snprintf(padded, sizeof padded, "%03u%03u%03u%03u", a[0], a[1], a[2],
	    a[3]);
	snprintf(hex, sizeof hex, "%02x%02x%02x%02x", a[0], a[1], a[2], a[3]);
	for (size_t i = 0; i < name.n; i++) {
		bool starts = i == 0 || !ascii_isdigit(name.p[i - 1]);

		if (hex_at(name, i, span_of(hex)))
			return true;
		if (starts && (numbers_at(span_skip(name, i), a) ||
			digits_at(name, i, span_of(padded))))
			return true;
	}
	return false;
}

bool
ip_in_name(const struct ip *ip, struct span name)
{
	unsigned char reversed[4];

	if (ip->family != AF_INET)
		return false;
	for (int i = 0; i < 4; i++)
		reversed[i] = ip->a[3 - i];
	return octets_in_name(ip->a, name) || octets_in_name(reversed, name);
}
