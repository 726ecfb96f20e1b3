/*
 * ip: addresses and networks, pure. An IPv4 address mapped into IPv6
 * (::ffff:192.0.2.1) is the IPv4 address, everywhere: otherwise a rule for
 * one is walked around with the other.
 */
#ifndef IP_H
#define IP_H

#include "buf.h"
#include <stdint.h>
#include <sys/socket.h>

struct ip {
	int family;	    /* AF_INET, AF_INET6, 0 = none */
	unsigned char a[16]; /* network order; the first 4 for AF_INET */
};

struct ip_net {
	struct ip ip;
	unsigned bits;
};

#define IP_TEXT 46

/* Strict: dotted quad without leading zeros, or RFC 4291 text. 0 or -1. */
int ip_parse(struct span s, struct ip *out);
/* What a socket says; -1 for families that are neither. port may be NULL. */
int ip_from_sockaddr(const struct sockaddr *sa, struct ip *out,
    unsigned *port);
/* RFC 5952 text ("" for none). Returns out. */
const char *ip_format(const struct ip *ip, char out[IP_TEXT]);
bool ip_eq(const struct ip *a, const struct ip *b);

/* "192.0.2.0/24", "2001:db8::/32", or one address. 0 or -1. */
int ip_net_parse(struct span s, struct ip_net *out);
bool ip_net_contains(const struct ip_net *net, const struct ip *ip);

/*
 * For DNS: "1.2.0.192" or 32 nibbles, with ".in-addr.arpa" or ".ip6.arpa"
 * where arpa is true. Appends to out.
 */
void ip_reverse(const struct ip *ip, bool arpa, struct buf *out);
/* The address that such a name with arpa, in any case and with or without its
 * root dot, stands for: 0, or -1. */
int ip_parse_reverse(struct span s, struct ip *out);

#endif
