/*
 * proxy: the header of the PROXY protocol, versions 1 and 2 (HAProxy's
 * doc/proxy-protocol.txt, 2.1 and 2.2). Pure: octets in, who the client is
 * out. What stands behind the addresses of a version 2 header (TLVs: ALPN,
 * authority, SSL, checksum, ...) is not looked at.
 */
#ifndef PROXY_H
#define PROXY_H

#include "ip.h"

#define PROXY_HEAD 256 /* octets in which all that counts has room */

struct proxy {
	enum {
		PROXY_LOCAL,   /* the proxy itself: a health check */
		PROXY_UNKNOWN, /* it does not say who the client is */
		PROXY_UNIX,    /* a client on the proxy's own machine */
		PROXY_CLIENT,  /* ip, port, local, local_port */
	} what;
	struct ip ip, local;
	unsigned port, local_port;
	size_t length;	       /* of the whole header */
};

enum proxy_status { PROXY_MORE, PROXY_DONE, PROXY_BAD };

/*
 * PROXY_MORE: length is how many octets it has at the least, always more
 * than s.n. PROXY_DONE: length is all of them, which for version 2 may be
 * more than s.n, at most 65551. PROXY_BAD: *why is a literal.
 */
enum proxy_status proxy_parse(struct span s, struct proxy *out,
    const char **why);

/* Does s, a part of a header, have its version 1 end in these octets? How many
 * of them belong to it; all when it goes on behind them. */
size_t proxy_line_part(struct span s);

/* Has a version 1 header begun? */
bool proxy_is_line(struct span s);

#endif
