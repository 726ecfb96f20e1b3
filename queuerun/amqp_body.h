/*
 * amqp_body: a publication's body, piece by piece: its size is known before the
 * first piece, and no more than a block of it is ever in memory. So a window
 * of 50 MB messages costs no more than one of small ones, and what has to be
 * sent once more is read once more.
 */
#ifndef AMQP_BODY_H
#define AMQP_BODY_H

#include "amqp_props.h"

struct amqp_body {
	uint64_t size; /* of the body */
	/* private: */
	const struct amqp_part *part;
	struct compose compose;
	enum { BODY_RAW, BODY_TEXT, BODY_BASE64 } form;
	enum { AT_BEFORE, AT_CONTENT, AT_AFTER, AT_END } at;
	struct buf before, after; /* what stands around the content in JSON */
	struct buf piece;
	char rest[4]; /* octets that wait for the next piece */
	size_t nrest;
	uint64_t given;
};

/*
 * Prepares a body (raw: the message; json: an object, agent-amqp(8)). A struct
 * may be used again and again. 0, or -1 and errno when the entry cannot be
 * read.
 */
int amqp_body_start(struct amqp_body *b, const struct amqp_part *part,
    enum amqp_format format);

/* The next piece, valid until the next call: 1; 0 after exactly size octets;
 * -1 and errno (EIO, too, when the size was not kept). */
int amqp_body_next(struct amqp_body *b, struct span *piece);

#endif
