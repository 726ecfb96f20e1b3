/*
 * mod_net: IP addresses and networks (ip.h, ip_kind.h). Nothing here asks
 * anybody: names are dns's.
 */
#include "ip_kind.h"
#include "mod.h"

#define NO_ADDRESS "not an IP address"

/* Every kind of address that is for special use. */
#define LOCAL (IP_KIND_LOCALHOST | IP_KIND_LOOPBACK)
#define LAN                                                                   \
	(IP_KIND_LINK_LOCAL | IP_KIND_PRIVATE_A | IP_KIND_PRIVATE_B |         \
	    IP_KIND_PRIVATE_C | IP_KIND_SITE_LOCAL | IP_KIND_UNIQUE_LOCAL)
#define TEST (IP_KIND_BENCHMARK | IP_KIND_TEST_NET)
#define ANY  ((1 << 16) - 1)
/* What an address is beside its kind. */
#define V4_MAPPED (1 << 16)
#define V4	  (1 << 17)
#define V6	  (1 << 18)

/* net.reverseip(address [, arpa]) -> string | nil, error: the address as DNS
 * lists ask for it, "1.2.0.192" or 32 digits with dots between them; with
 * arpa, followed by ".in-addr.arpa" or ".ip6.arpa". */
/* net.reverse_ip(address [, arpa]) -> string | nil, error: another name for
 * net.reverseip. */
static int
reverseip(lua_State *L)
{
	struct span s = mod_check_span(L, 1);
	bool arpa = mod_check_flag(L, 2);
	struct ip ip;

	if (ip_parse(s, &ip) == -1)
		return mod_fail(L, NO_ADDRESS);
	ip_reverse(&ip, arpa, mod_scratch());
	return mod_push_scratch(L);
}

/* Is ip in the network at idx? Raises unless that is one. */
static bool
contains(lua_State *L, int idx, const struct ip *ip)
{
	struct ip_net net;

	if (ip_net_parse(mod_check_span(L, idx), &net) == -1)
		return luaL_error(L, "bad argument #1 to 'contains_ip' "
		    "('%s' is not a network)", lua_tostring(L, idx));
	return ip_net_contains(&net, ip);
}

/* net.contains_ip(network, address) -> boolean | nil, error: network is
 * "192.0.2.0/24", "2001:db8::/32" or one address, or an array of these. What
 * is not a network is an error of the script and raises. */
static int
contains_ip(lua_State *L)
{
	bool list = lua_istable(L, 1), found = false;
	struct ip ip;

	if (!list)
		luaL_checkstring(L, 1);
	if (ip_parse(mod_check_span(L, 2), &ip) == -1)
		return mod_fail(L, NO_ADDRESS);
	if (!list)
		found = contains(L, 1, &ip);
	for (lua_Integer i = 1; list && !found; i++) {
		if (lua_geti(L, 1, i) == LUA_TNIL)
			break;
		if (lua_type(L, -1) != LUA_TSTRING)
			return luaL_error(L, "bad argument #1 to "
			    "'contains_ip' (item %I is a %s, not a string)",
			    (LUAI_UACINT)i, luaL_typename(L, -1));
		found = contains(L, -1, &ip);
		lua_pop(L, 1);
		hook_limit_check(L);
	}
	lua_pushboolean(L, found);
	return 1;
}

/* All digits, so that texts sort as addresses do. */
static void
format_full(const struct ip *ip, struct buf *out)
{
	if (ip->family == AF_INET)
		buf_printf(out, "%03u.%03u.%03u.%03u", ip->a[0], ip->a[1],
		    ip->a[2], ip->a[3]);
	for (int i = 0; ip->family == AF_INET6 && i < 16; i += 2)
		buf_printf(out, "%s%02x%02x", i > 0 ? ":" : "", ip->a[i],
		    ip->a[i + 1]);
}

/* net.format_ip(address [, compact]) -> string | nil, error: the one
 * spelling of an address (RFC 5952), so that two can be compared; an IPv4
 * address inside an IPv6 one becomes itself. With compact false, all its
 * digits: "192.000.002.001", eight groups of four for IPv6. */
static int
format_ip(lua_State *L)
{
	struct span s = mod_check_span(L, 1);
	bool compact = lua_isnoneornil(L, 2) || mod_check_flag(L, 2);
	char text[IP_TEXT];
	struct ip ip;

	if (ip_parse(s, &ip) == -1)
		return mod_fail(L, NO_ADDRESS);
	if (compact) {
		lua_pushstring(L, ip_format(&ip, text));
		return 1;
	}
	format_full(&ip, mod_scratch());
	return mod_push_scratch(L);
}

static bool
is_address_octet(char c)
{
	return ascii_hex(c) != -1 || c == ':' || c == '.';
}

/* Can an address begin at i? Not inside of a word or a longer number. */
static bool
may_begin(struct span s, size_t i)
{
	char before;

	if (i == 0)
		return true;
	before = s.p[i - 1];
	/* "[IPv6:2001:db8::1]" (RFC 5321 4.1.3) */
	if (before == ':' && i >= 5 &&
	    span_ieq(span_head(span_skip(s, i - 5), 5), SPAN("ipv6:")))
		return true;
	if (before == '.')
		return i < 2 || !ascii_isdigit(s.p[i - 2]);
	return before != ':' && !ascii_isalnum(before);
}

/* Nor may it end inside of one; what follows is s. "192.0.2.1:25" ends where
 * its port begins, but no IPv6 address does. */
static bool
may_end(struct span s, bool v6)
{
	if (s.n == 0)
		return true;
	if (s.p[0] == '.')
		return s.n < 2 || !ascii_isdigit(s.p[1]);
	if (s.p[0] == ':' && v6)
		return s.n < 2 || (s.p[1] != ':' && ascii_hex(s.p[1]) == -1);
	return !ascii_isalnum(s.p[0]);
}

/* The length of the address that s begins with, or 0. */
static size_t
address_at(struct span s)
{
	struct ip ip;
	size_t n = 0;

	while (n < s.n && n < IP_TEXT && is_address_octet(s.p[n]))
		n++;
	for (; n > 1; n--) {
		bool v6 = span_chr(span_head(s, n), ':') < n;

		if (may_end(span_skip(s, n), v6) &&
		    ip_parse(span_head(s, n), &ip) == 0)
			return n;
	}
	return 0;
}

/* net.find_ip(text [, init]) -> address, first, last | nil: the first IP
 * address in the text, at or after octet init, as it stands there, and where
 * it begins and ends. */
static int
find_ip(lua_State *L)
{
	struct span s = mod_check_span(L, 1);
	lua_Integer init = luaL_optinteger(L, 2, 1);

	luaL_argcheck(L, init >= 1, 2, "not positive");
	for (size_t i = (size_t)init - 1; i < s.n; i++) {
		size_t n;

		if (!is_address_octet(s.p[i]) || !may_begin(s, i))
			continue;
		hook_limit_check(L);
		if ((n = address_at(span_skip(s, i))) == 0)
			continue;
		lua_pushlstring(L, s.p + i, n);
		lua_pushinteger(L, (lua_Integer)(i + 1));
		lua_pushinteger(L, (lua_Integer)(i + n));
		return 3;
	}
	luaL_pushfail(L);
	return 1;
}

/* net.is_ip_reserved(address [, flags]) -> boolean | nil, error: is it of one
 * of the kinds in flags, a sum of net.is_ip constants; without flags, of any
 * kind for special use. */
static int
is_ip_reserved(lua_State *L)
{
	struct span s = mod_check_span(L, 1);
	lua_Integer flags = luaL_optinteger(L, 2, ANY), kind;
	struct ip ip;

	if (ip_parse(s, &ip) == -1)
		return mod_fail(L, NO_ADDRESS);
	kind = ip_kind(&ip) | (ip.family == AF_INET ? V4 : V6);
	if (ip.family == AF_INET && span_chr(s, ':') < s.n)
		kind |= V4_MAPPED;
	lua_pushboolean(L, (kind & flags) != 0);
	return 1;
}

/* net.is_ipv4_in_name(address, name) -> boolean | nil, error: was the host
 * name made from the IPv4 address, as pools of dial-up lines are named:
 * forwards or backwards, with dots, hyphens or underscores, as twelve digits
 * or as eight hexadecimal ones. */
static int
is_ipv4_in_name(lua_State *L)
{
	struct span s = mod_check_span(L, 1), name = mod_check_span(L, 2);
	struct ip ip;

	if (ip_parse(s, &ip) == -1 || ip.family != AF_INET)
		return mod_fail(L, "not an IPv4 address");
	/* A name of the DNS is no longer. */
	lua_pushboolean(L, ip_in_name(&ip, span_head(name, 1024)));
	return 1;
}

static const struct mod_constant kinds[] = {
    {"BENCHMARK", IP_KIND_BENCHMARK},
    {"LINK_LOCAL", IP_KIND_LINK_LOCAL},
    {"LOCALHOST", IP_KIND_LOCALHOST},
    {"LOOPBACK", IP_KIND_LOOPBACK},
    {"MULTICAST", IP_KIND_MULTICAST},
    {"PRIVATE_A", IP_KIND_PRIVATE_A},
    {"PRIVATE_B", IP_KIND_PRIVATE_B},
    {"PRIVATE_C", IP_KIND_PRIVATE_C},
    {"RESERVED", IP_KIND_RESERVED},
    {"SITE_LOCAL", IP_KIND_SITE_LOCAL},
    {"TEST_NET", IP_KIND_TEST_NET},
    {"THIS_HOST", IP_KIND_THIS_HOST},
    {"THIS_NET", IP_KIND_THIS_NET},
    {"V4_COMPATIBLE", IP_KIND_V4_COMPATIBLE},
    {"SHARED", IP_KIND_SHARED},
    {"UNIQUE_LOCAL", IP_KIND_UNIQUE_LOCAL},
    {"V4_MAPPED", V4_MAPPED},
    {"V4", V4},
    {"V6", V6},
    {"LOCAL", LOCAL},
    {"LAN", LAN},
    {"TEST", TEST},
    {"ANY", ANY},
    {NULL, 0},
};

int
mod_net_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
	    {"reverseip", reverseip},
	    {"reverse_ip", reverseip},
	    {"contains_ip", contains_ip},
	    {"format_ip", format_ip},
	    {"find_ip", find_ip},
	    {"is_ip_reserved", is_ip_reserved},
	    {"is_ipv4_in_name", is_ipv4_in_name},
	    {NULL, NULL},
	};

	luaL_newlib(L, functions);
	lua_newtable(L);
	mod_set_constants(L, kinds);
	lua_setfield(L, -2, "is_ip");
	return 1;
}
