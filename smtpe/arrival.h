/*
 * arrival: a message on its way in, whatever verb brings it: its octets go
 * to tmp/ID and to the streaming hooks, and its limits are watched. What is
 * over a limit is only read on to its end; nothing of it is kept.
 */
#ifndef ARRIVAL_H
#define ARRIVAL_H

#include "dot.h"
#include "feed.h"
#include "header.h"
#include "session.h"

struct arrival {
	struct dot dot;
	struct header_scan header;
	uint64_t size;	  /* octets of the message */
	uint64_t octets;  /* that came over the wire */
	clock_ms waited;  /* for the client, before the first of them */
	bool too_big;
	bool given_up;	  /* nothing of it is kept any more */
	struct feed feed; /* the hooks that see it on its way */
	clock_ms started;
};

/* Creates tmp/ID, before the client is told to go ahead: 0, or -1, errno. */
int arrival_open(struct session *s);

/* The first octet may come. It is s->arrival from here to arrival_end(), in
 * the transaction's memory. */
struct arrival *arrival_start(struct session *s);

/* So many octets are going to come: when they are too many, nothing of them
 * is kept from the first. */
void arrival_expect(struct session *s, struct arrival *a, uint64_t octets);

/* Octets of the message, decoded. */
void arrival_take(struct session *s, struct arrival *a, struct span run);

/* Before each read: what time the next block has. */
void arrival_set_deadlines(struct session *s, const struct arrival *a);

/* What speaks against the message itself, before anybody is asked. */
struct reply arrival_check(struct session *s, const struct arrival *a);

/* It is over, in whatever way; what was not committed is gone. Nothing is
 * done when none is open. */
void arrival_end(struct session *s);

#endif
