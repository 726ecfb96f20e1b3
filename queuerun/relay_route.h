/*
 * relay_route: where a route of agent-smtp or agent-lmtp leads, and whose
 * mail exchangers are asked for; pure.
 */
#ifndef RELAY_ROUTE_H
#define RELAY_ROUTE_H

#include "tcp.h"

struct relay_route {
	bool mx;	   /* the recipient's domain says where */
	unsigned port;	   /* 0: none was given */
	struct target target; /* when not mx */
	struct span text;  /* of the target, as it stands in the route */
};

/*
 * "smtp:HOST", "smtp:HOST:PORT", "lmtp:/PATH"; "smtp:" and "smtp::PORT" are
 * mx. scheme is "smtp:". Borrows. 0, or -1 when it is none of these.
 */
int relay_route_parse(struct span route, struct span scheme,
    struct relay_route *out);

/* The domain that an address leads to; me for one without. */
struct span relay_domain(struct span address, struct span me);

#endif
