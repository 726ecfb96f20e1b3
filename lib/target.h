/*
 * target: whom to connect to, as text: "192.0.2.1", "192.0.2.1:25",
 * "2001:db8::1", "[2001:db8::1]:25", "mx.example.org:25", or "/run/a/socket",
 * a Unix socket. Pure; nothing is looked up.
 */
#ifndef TARGET_H
#define TARGET_H

#include "ip.h"

struct target {
	struct span path; /* of a Unix socket; p NULL: none */
	struct span host; /* a name without root dot, or text of an address */
	struct ip ip;	  /* family 0: host is a name */
	unsigned port;	  /* 0: none was given */
};

/* Borrows from s. 0, or -1 when it is none of the above. */
int target_parse(struct span s, struct target *out);

/* One that is an address: 0, or -1. standard is the port when none is
 * given. */
int target_parse_server(struct span s, unsigned standard, struct ip *ip,
    unsigned *port);

#endif
