/*
 * ip_kind: which addresses are for special use (the IANA registries of RFC
 * 6890), and whether a name was made from an address; pure.
 */
#ifndef IP_KIND_H
#define IP_KIND_H

#include "ip.h"

/* One bit each; an address has one or two of them, or none. */
enum {
	IP_KIND_BENCHMARK = 1 << 0,	/* 198.18.0.0/15, 2001:2::/48 */
	IP_KIND_LINK_LOCAL = 1 << 1,	/* 169.254.0.0/16, fe80::/10 */
	IP_KIND_LOCALHOST = 1 << 2,	/* 127.0.0.1, ::1 */
	IP_KIND_LOOPBACK = 1 << 3,	/* the rest of 127.0.0.0/8 */
	IP_KIND_MULTICAST = 1 << 4,	/* 224.0.0.0/4, ff00::/8 */
	IP_KIND_PRIVATE_A = 1 << 5,	/* 10.0.0.0/8 */
	IP_KIND_PRIVATE_B = 1 << 6,	/* 172.16.0.0/12 */
	IP_KIND_PRIVATE_C = 1 << 7,	/* 192.168.0.0/16 */
	IP_KIND_RESERVED = 1 << 8,	/* 240.0.0.0/4, 192.0.0.0/24, IPv6
					 * outside 2000::/3 */
	IP_KIND_SITE_LOCAL = 1 << 9,	/* fec0::/10 */
	IP_KIND_TEST_NET = 1 << 10,	/* the networks for examples */
	IP_KIND_THIS_HOST = 1 << 11,	/* 0.0.0.0, :: */
	IP_KIND_THIS_NET = 1 << 12,	/* the rest of 0.0.0.0/8 */
	IP_KIND_V4_COMPATIBLE = 1 << 13, /* the rest of ::/96 */
	IP_KIND_SHARED = 1 << 14,	/* 100.64.0.0/10 */
	IP_KIND_UNIQUE_LOCAL = 1 << 15, /* fc00::/7 */
};

unsigned ip_kind(const struct ip *ip);

/*
 * Does name hold the IPv4 address in one of the ways that pools of addresses
 * are named: its four octets in order or reversed, with one '.', '-' or '_'
 * between them, or as twelve digits, or as eight hexadecimal ones.
 */
bool ip_in_name(const struct ip *ip, struct span name);

#endif
