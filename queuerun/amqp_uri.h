/*
 * amqp_uri: where a broker is and where in it a message goes, pure. URIs are
 * those of the AMQP URI specification, strictly: what would be ignored is
 * refused.
 */
#ifndef AMQP_URI_H
#define AMQP_URI_H

#include "arena.h"
#include <stdint.h>

struct amqp_uri {
	const char *host, *user, *password, *vhost;
	struct span where; /* "host:port", for texts: holds no secret */
	uint16_t port;
	bool tls; /* amqps */
};

/*
 * "amqp://user:password@host:port/vhost", or amqps: every part but the host may be
 * missing (guest, guest, 5672 or 5671, "/"), each may be percent-encoded. A path of
 * "/" alone means the vhost "/": no broker has one without a name. NULL, or
 * what is wrong as a literal.
 */
const char *amqp_uri_parse(struct span text, struct arena *a,
    struct amqp_uri *uri);

struct amqp_route {
	struct span exchange, key; /* filled in: at most AMQP_SHORT octets each */
};

#define AMQP_SHORT 255 /* longest short string of the protocol */

/*
 * "amqp:EXCHANGE/KEY", divided at the first slash: templates
 * (amqp_template.h), which borrow from text. Without a slash the key is the
 * default's; "amqp:" alone is all of it. NULL, or what is wrong as a literal.
 */
const char *amqp_route_parse(struct span text, const struct amqp_route *def,
    struct amqp_route *route);

#endif
