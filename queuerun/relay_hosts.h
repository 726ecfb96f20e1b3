/*
 * relay_hosts: the addresses of a destination in the order in which they are
 * tried: mail exchangers by preference, equals in random order, or the domain
 * itself (RFC 5321 5.1), or the one host of a route. Never ourselves.
 */
#ifndef RELAY_HOSTS_H
#define RELAY_HOSTS_H

#include "agent.h"
#include "relay_route.h"
#include "secure.h"

#define RELAY_MX	16 /* hosts of one domain that are looked up */
#define RELAY_ADDRESSES 32 /* of one destination */

struct relay_host {
	struct span name; /* without root dot; "" for a Unix socket */
	struct span path; /* of that socket; p NULL: none */
	struct ip ip;
	unsigned port;
	unsigned preference;
	enum secure tls; /* the caller's; relay_hosts_find() leaves 0 */
};

struct relay_hosts {
	struct relay_host v[RELAY_ADDRESSES];
	size_t n;
	/* When there is none, why: */
	enum outcome outcome;
	int code;
	const char *enhanced;
	struct span text;
	/* private: */
	struct arena arena; /* of names and text */
	struct dns dns;
};

struct relay_who {
	const struct control_list *dnsservers;
	int64_t dns_ms;
	const struct span *names; /* ours */
	size_t nnames;
	bool (*is_us)(const struct ip *ip);
};

/*
 * Looks up where mail for domain goes by that route; port is for routes
 * without one. 0; -1 and why (h->outcome and so on). What h held before is
 * gone.
 */
int relay_hosts_find(struct relay_hosts *h, const struct relay_route *route,
    struct span domain, unsigned port, const struct relay_who *who,
    clock_ms deadline);

/* Is it an address of this machine, now? */
bool relay_is_us(const struct ip *ip);

/* --- pure, for tests --- */

struct relay_mx {
	unsigned preference;
	struct span name;
};

/* Sorts by preference; equals are shuffled with random octets. */
void relay_mx_sort(struct relay_mx *v, size_t n, const unsigned char *random);

/* How many of the sorted ones stand before all that have the preference of
 * ours, or a higher number (RFC 5321 5.1). */
size_t relay_mx_before_us(const struct relay_mx *v, size_t n,
    const struct span *names, size_t nnames);

#endif
