/*
 * bounce_original: what of a message goes back with a report: the whole, or
 * its header. Read from the entry twice, so that memory is bounded by the
 * header that is kept, never by the message.
 */
#ifndef BOUNCE_ORIGINAL_H
#define BOUNCE_ORIGINAL_H

#include "compose.h"
#include "queue_in.h"
#include "queue_out.h"

struct original {
	struct buf header; /* its fields, as they leave; what is too long for
			    * a line of mail is left out */
	bool whole;	   /* the message goes back, not header alone */
	bool eight;	   /* what goes back has octets beyond ASCII */
	struct compose compose;
};

/*
 * Looks at the entry's message; max octets of it may go back whole (0: never).
 * 0, or -1 and errno.
 */
int original_read(struct original *o, const struct queue_out *entry,
    uint64_t max);

/* The value of its first Message-ID that can stand in a field of ours, in a;
 * n 0 when there is none. */
struct span original_id(const struct original *o, struct arena *a);

/* Writes what goes back: 0, or -1 and errno. */
int original_write(struct original *o, const struct queue_out *entry,
    struct queue_in *in);

void original_free(struct original *o);

#endif
