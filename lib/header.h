/*
 * header: RFC 5322 fields in raw octets, pure. Lines end in CRLF.
 */
#ifndef HEADER_H
#define HEADER_H

#include "arena.h"
#include <stdint.h>

struct header_field {
	struct span whole; /* name to the last line's end, folds and CRLFs */
	struct span name;  /* "Subject" */
	struct span value; /* after the colon, without the last CRLF */
};

/*
 * The next field of *rest: true. Stops (false) before the empty line, before
 * a line that is no field, and at the end; *rest then starts there.
 */
bool header_next(struct span *rest, struct header_field *f);

/* The value on one line: folds undone, trimmed; in a. */
struct span header_unfold(struct span value, struct arena *a);

/* Octets of the header block: fields, without the empty line. */
size_t header_length(struct span message);

/*
 * Watches a message go by, however its octets are split, and learns what the
 * limits need. A zeroed struct is at the start.
 */
struct header_scan {
	bool done;	     /* the header block is over */
	unsigned received;   /* "Received:" fields: hops (RFC 5321 6.3) */
	uint64_t block;	     /* octets of the header block so far */
	uint64_t field;	     /* octets of the field being read, or of a line
			      * that will be one if a colon comes; only then
			      * block and longest count it */
	uint64_t longest;    /* octets of the longest field, folds included */
	bool eight_bit;	     /* a field holds octets beyond ASCII */
	/* private: */
	unsigned char match; /* octets of "received" matched in this line */
	unsigned char state;
};

/* Feeds the next octets; returns at once when done. */
void header_scan(struct header_scan *h, struct span s);

#endif
