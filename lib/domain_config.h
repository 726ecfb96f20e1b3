/*
 * domain_config: what mail from or to a domain may do here: what hook.domain
 * returns and what the tables `domains' hold. Pure.
 *
 * As text it is "relay_to=1 relay_from=192.0.2.0/24,2001:db8::/32".
 */
#ifndef DOMAIN_CONFIG_H
#define DOMAIN_CONFIG_H

#include "ip.h"

struct domain_config {
	bool relay_to;		/* mail to it is taken, from anybody */
	struct span relay_from; /* networks whose clients may send as it to
				 * anybody, divided by ',' or '\n'; checked */
};

/* Sets one by its name: NULL, or what is wrong as a literal. relay_from
 * borrows from value. */
const char *domain_config_set(struct domain_config *c, struct span name,
    struct span value);

/* Sets what a text holds: NULL, or what is wrong, with *bad the word. */
const char *domain_config_parse(struct span text, struct domain_config *c,
    struct span *bad);

/* May a client with this address send as the domain to anybody? */
bool domain_config_sends(const struct domain_config *c, const struct ip *ip);

#endif
