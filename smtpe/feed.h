/*
 * feed: the hooks that see a message while it arrives: content, header, eoh
 * and body (smtpe-hooks(7)). They get whole lines and
 * whole fields, dots unstuffed, however the octets came; a refusal of one is
 * kept for the dot, and nobody is asked again. Costs one test per block when
 * none of them is defined.
 */
#ifndef FEED_H
#define FEED_H

#include "session.h"

struct feed {
	bool content, header, eoh, body; /* which are defined */
	bool wanted;	      /* any, and none has refused */
	bool in_body;
	struct buf carry;     /* the beginning of a line */
	struct buf field;     /* a header field that may go on */
	bool drop;	      /* somebody wants the connection closed */
	struct reply refusal; /* code 0: none; in tx.arena */
	struct reply words;   /* for the positive reply, where one had some */
};

void feed_start(struct feed *f, struct session *s);
/* The next decoded octets of the message. */
void feed_push(struct feed *f, struct session *s, struct span run);
/* The end of the message has come, after whole lines. */
void feed_end(struct feed *f, struct session *s);
/* The message is not worth hearing of any more; frees what f holds. */
void feed_stop(struct feed *f);

#endif
