/*
 * tcp: connections to others, never blocking without a deadline.
 *
 * A target is text (target.h). Names are asked for in the DNS, with the search
 * list and /etc/hosts left out; "localhost" never leaves the host (RFC 6761
 * 6.3). Several targets are tried in their order, of each all addresses, until
 * one takes the connection.
 */
#ifndef TCP_H
#define TCP_H

#include "clock.h"
#include "dns.h"
#include "target.h"

#define TCP_ADDRESSES 8

enum tcp_state { TCP_WAITS, TCP_READY, TCP_FAILED };

/* One connection being made; a zeroed struct is none. */
struct tcp {
	int fd;		    /* WAITS: to be polled for POLLOUT, or -1 while the
			     * DNS is waited for; READY: yours */
	clock_ms until;	    /* WAITS: when to call tcp_step() at the latest */
	int error;	    /* errno of the last failure: tcp_strerror() */
	size_t host;	    /* number of the target that is being tried */
	/* private: */
	struct dns *dns;
	const struct span *hosts;
	size_t nhosts;
	unsigned port;
	int64_t patience;
	clock_ms deadline;
	struct target target;
	const struct dns_query *query[2]; /* A, AAAA; NULL: none is open */
	bool asking;
	struct ip addresses[TCP_ADDRESSES];
	size_t n, next;	    /* of them; of a path, one */
	size_t following;   /* number of the next target */
};

/*
 * Starts at once. hosts are borrowed until the end, so is dns, which is not
 * reset meanwhile. port is for targets without one. No address has more than
 * patience ms (<= 0: no limit), nor all together longer than the deadline.
 */
void tcp_start(struct tcp *t, struct dns *dns, const struct span *hosts,
    size_t n, unsigned port, int64_t patience, clock_ms deadline);

/* Goes on as far as it can without waiting. */
enum tcp_state tcp_step(struct tcp *t);

/* Gives up; closes an fd that was not taken. */
void tcp_stop(struct tcp *t);

/*
 * strerror(3) with words of our own for ENODATA (no such name), EBADMSG (the
 * DNS failed) and EINVAL (no target).
 */
const char *tcp_strerror(int error);

/*
 * The same, waiting: a connected descriptor, non-blocking, close-on-exec and
 * without Nagle's delay, or -1 and errno. *host is the number of the target
 * it is connected to; may be NULL.
 */
int tcp_connect(struct dns *dns, const struct span *hosts, size_t n,
    unsigned port, int64_t patience, clock_ms deadline, size_t *host);

#endif
