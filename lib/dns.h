/*
 * dns: questions to the resolvers, several at once, each answered once. The
 * only room that knows c-ares (dns.c), which is opened at the first
 * question; answers are taken apart by a parser of our own (dns_packet.c).
 *
 * What is asked and answered lives until dns_reset(). Nothing is cached:
 * that is the resolver's work.
 */
#ifndef DNS_H
#define DNS_H

#include "arena.h"
#include "clock.h"
#include "ip.h"
#include <stdint.h>

#define DNS_IN	1
#define DNS_ANY 255

#define DNS_A	  1
#define DNS_NS	  2
#define DNS_CNAME 5
#define DNS_SOA	  6
#define DNS_PTR	  12
#define DNS_MX	  15
#define DNS_TXT	  16
#define DNS_AAAA  28
#define DNS_DNAME 39
#define DNS_OPT	  41

/* 0 to 4095 are the server's (RFC 6895 2.3), above them ours. */
#define DNS_NOERROR  0
#define DNS_FORMERR  1
#define DNS_SERVFAIL 2
#define DNS_NXDOMAIN 3
#define DNS_NOTIMP   4
#define DNS_REFUSED  5
#define DNS_ERRNO    4096 /* our trouble: see error */
#define DNS_TIMEOUT  4097 /* nobody answered in time */

#define DNS_SERVERS 8	/* resolvers */
#define DNS_QUERIES 256 /* questions between two resets */
#define DNS_NAME    255 /* octets of a name as text, without the root dot */

/* Names are text: lower case, the root dot last, "\." and "\DDD" for octets
 * that are no part of a host name. */
struct dns_rr {
	struct span name;
	unsigned class, type;
	uint32_t ttl;
	struct span data;  /* as it came; names in it may be compressed */
	struct ip ip;	   /* A, AAAA; family 0 otherwise */
	struct span host;  /* CNAME DNAME MX NS PTR, SOA's mname */
	struct span rname; /* SOA */
	struct span text;  /* TXT, its strings put together */
	uint32_t number[5]; /* MX preference; SOA serial, refresh, retry,
			     * expire, minimum */
};

struct dns_section {
	const struct dns_rr *v;
	size_t n;
};

struct dns_answer {
	int rcode;
	int error;	   /* errno, with DNS_ERRNO */
	bool asked;	   /* the packet repeats a question: */
	struct span name;
	unsigned class, type;
	struct dns_section answer, authority, extra;
};

/*
 * Takes a packet apart: 0, or -1 when it is malformed in any place. Every
 * octet is looked at once or, behind a compression pointer, at most as often
 * as a name may be long. OPT records are not given. The answer borrows from
 * a and from the packet (data).
 */
int dns_parse(struct span packet, struct arena *a, struct dns_answer *out);

/*
 * The next record of this name and type in the answer section, CNAMEs
 * followed (RFC 1034 3.6.2). *i is 0 for the first; NULL after the last.
 */
const struct dns_rr *dns_find(const struct dns_answer *answer,
    struct span name, unsigned type, size_t *i);

struct dns_query {
	struct dns_query *next;
	struct dns *dns;
	struct span asked; /* the name as it was given */
	struct span name;  /* as it was sent, with its root dot */
	unsigned class, type;
	bool done, taken;
	struct dns_answer answer;
};

struct dns {
	size_t nservers; /* 0: those of /etc/resolv.conf */
	struct {
		struct ip ip;
		unsigned port;
	} server[DNS_SERVERS];
	/* private: */
	void *channel;
	struct arena arena;
	struct dns_query *first, **last;
	size_t n, pending;
};

/*
 * Opens nothing. servers are "IP", "IP:PORT" or "[IP]:PORT". 0, or -1 and
 * errno: EINVAL for one that is none of these, E2BIG for too many.
 */
int dns_init(struct dns *d, const struct span *servers, size_t n);

/*
 * Asks. name is text, the root dot optional; for PTR it may be an address,
 * which is turned round. 0, or -1 and errno: EINVAL (no name), E2BIG (too
 * many), else what kept the resolver from being opened.
 */
int dns_query(struct dns *d, unsigned class, unsigned type, struct span name);

/*
 * Takes note of a question that was not asked, answered with rcode and
 * error, so that it has its place among the others: 0, or -1 and E2BIG.
 */
int dns_note(struct dns *d, unsigned class, unsigned type, struct span name,
    int rcode, int error);

/* The newest question; there must be one. */
const struct dns_query *dns_last(const struct dns *d);

/* Is there a question whose answer was not taken yet? */
bool dns_untaken(const struct dns *d);

/*
 * Waits until all questions are answered, or one that was not taken yet.
 * At the deadline those that are left get DNS_TIMEOUT, so that each is
 * answered in the end: 0. -1 and EINTR when a signal came: look what it was
 * and call again.
 */
int dns_wait(struct dns *d, bool all, clock_ms deadline);

/*
 * The two halves of dns_wait(), for a poll(2) that waits for other things
 * too: fds to wait for, at most DNS_FDS, and for how long at most (ms, -1: as
 * long as one likes); and what poll said of them. No deadline ends here.
 */
#define DNS_FDS 16
struct pollfd;
size_t dns_poll(struct dns *d, struct pollfd *fds, int *timeout);
void dns_polled(struct dns *d, const struct pollfd *fds, size_t n);

/* The next answered question that was not taken yet, in the order they were
 * asked, or NULL. */
const struct dns_query *dns_take(struct dns *d);

/* Forgets questions and answers. */
void dns_reset(struct dns *d);
/* And gives everything back; d may be used again. */
void dns_close(struct dns *d);

/*
 * The name of a client: the first name that its address points to and that
 * points back to the address (RFC 8601 3), lower case, without the root dot,
 * a valid host name, into name (reset first): 0. -1 and errno: ENOENT when
 * there is none, else what went wrong (ETIMEDOUT, EAGAIN when a server
 * failed), with name empty. The questions are its own, those of d are left
 * alone; deadline should be the nearest there is.
 */
int dns_ptr(const struct dns *d, const struct ip *ip, clock_ms deadline,
    struct buf *name);

#endif
