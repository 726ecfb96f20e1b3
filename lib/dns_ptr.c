/* dns_ptr: the name of a client, believed only when it points back: whoever
 * owns an address may let it point to any name. */
#include "address.h"
#include "dns.h"
#include <errno.h>

#define NAMES 10 /* looked at, of those an address points to */

/* Waits for all, whatever signals come. */
static void
wait_all(struct dns *d, clock_ms deadline)
{
	while (dns_wait(d, true, deadline) == -1)
		;
}

/* What an answer that is no answer means to somebody who wanted a name. */
static int
trouble(const struct dns_answer *a)
{
	switch (a->rcode) {
	case DNS_NOERROR:
	case DNS_NXDOMAIN:
		return ENOENT;
	case DNS_TIMEOUT:
		return ETIMEDOUT;
	case DNS_ERRNO:
		return a->error;
	default:
		return EAGAIN;
	}
}

/* A name fit for logs, look-ups and Received: no escapes, nothing that reads
 * as an address. */
static bool
host_name(struct span *s)
{
	struct ip ip;

	if (s->n > 1)
		s->n--; /* the root dot */
	return address_domain_valid(*s) && !utf8_needed(*s) &&
	    ip_parse(*s, &ip) == -1;
}

/* Asks for the addresses of the names in a PTR answer: how many were asked. */
static size_t
ask_forward(struct dns *d, const struct dns_query *ptr, unsigned type,
    struct span names[NAMES])
{
	const struct dns_rr *rr;
	size_t i = 0, n = 0;

	while (n < NAMES &&
	    (rr = dns_find(&ptr->answer, ptr->name, DNS_PTR, &i)) != NULL) {
		names[n] = rr->host;
		if (host_name(&names[n]) &&
		    dns_query(d, DNS_IN, type, names[n]) == 0)
			n++;
	}
	return n;
}

static bool
confirms(const struct dns_query *q, const struct ip *ip)
{
	const struct dns_rr *rr;
	unsigned type = q->type;
	size_t i = 0;

	while ((rr = dns_find(&q->answer, q->name, type, &i)) != NULL)
		if (ip_eq(&rr->ip, ip))
			return true;
	return false;
}

/* The look-up with a resolver of its own: 0 or an errno. */
static int
look_up(struct dns *d, const struct ip *ip, clock_ms deadline,
    struct buf *name)
{
	struct span names[NAMES];
	const struct dns_query *q;
	char text[IP_TEXT];
	int error;
	size_t n;

	if (dns_query(d, DNS_IN, DNS_PTR, span_of(ip_format(ip, text))) == -1)
		return errno;
	wait_all(d, deadline);
	q = dns_take(d);
	n = ask_forward(d, q, ip->family == AF_INET ? DNS_A : DNS_AAAA, names);
	error = trouble(&q->answer);
	wait_all(d, deadline);
	for (size_t i = 0; i < n && (q = dns_take(d)) != NULL; i++) {
		if (confirms(q, ip)) {
			buf_put(name, names[i]);
			return 0;
		}
		/* A name that could not be looked up might have been it. */
		if (error == ENOENT)
			error = trouble(&q->answer);
	}
	return error;
}

int
dns_ptr(const struct dns *d, const struct ip *ip, clock_ms deadline,
    struct buf *name)
{
	struct dns own = {.nservers = d->nservers};
	int error;

	buf_reset(name);
	if (ip->family == 0) {
		errno = ENOENT;
		return -1;
	}
	memcpy(own.server, d->server, sizeof own.server);
	own.last = &own.first;
	error = look_up(&own, ip, deadline, name);
	dns_close(&own);
	errno = error;
	return error == 0 ? 0 : -1;
}
