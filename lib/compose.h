/*
 * compose: a message of the queue as it leaves: the edits of its envelope
 * and the octets as received, piece by piece, CRLF lines. Memory is bounded
 * by the header block, never by the message.
 */
#ifndef COMPOSE_H
#define COMPOSE_H

#include "envelope.h"

#define COMPOSE_BLOCK 65536

struct compose {
	int fd;
	uint64_t pos, end;	/* of the message in the file */
	const struct envelope *env;
	struct buf head;	/* edits, or the whole edited header */
	bool head_done;
	char *block;
	const char *whole;	/* the message, when the caller has it */
};

/*
 * fd is read with pread, size is the message's (the trailer's offset); whole
 * is the message if it is in memory already, else NULL. env is borrowed. A
 * zeroed struct may be used again after compose_end.
 */
void compose_start(struct compose *c, int fd, uint64_t size, const char *whole,
    const struct envelope *env);

/* The next piece, valid until the next call: 1; 0 at the end; -1 and errno. */
int compose_next(struct compose *c, struct span *piece);

/* Octets that compose_next will give in all; -1 and errno. */
int64_t compose_size(struct compose *c);

/* Keeps memory for the next message. */
void compose_end(struct compose *c);
void compose_free(struct compose *c);

/* Appends s with CRLF as LF; *cr carries a CR over a split (start with false; a
 * true left at the end is a CR to be put). */
void crlf_to_lf(struct span s, bool *cr, struct buf *out);

#endif
