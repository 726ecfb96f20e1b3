/*
 * envelope: the text trailer behind a message in the queue, pure. The format
 * is the contract of smtpe-queue(5): one "key value" line each, values
 * percent-escaped, one line for each recipient that starts with its state.
 * A reader skips keys it does not know.
 */
#ifndef ENVELOPE_H
#define ENVELOPE_H

#include "arena.h"
#include "buf.h"
#include "escape.h"
#include <stdint.h>

/* A recipient's state, the octet in the file. */
#define RCPT_OPEN      'T' /* to do */
#define RCPT_DELIVERED 'D'
#define RCPT_FAILED    'P' /* permanently, nobody has been told yet */
#define RCPT_BOUNCED   'B' /* a bounce for it is in the queue */
#define RCPT_DISCARDED 'X'

struct envelope_rcpt {
	char state;
	struct span address;
	struct span params; /* of its RCPT command, "" for none */
	size_t offset;	    /* of the state octet in the trailer */
};

/* Has the script been asked about it after it was queued (hook.postq)? */
#define POSTQ_OPEN   '-'
#define POSTQ_DONE   'D' /* it has, and what it said is done */
#define POSTQ_RESULT 'R' /* it has, and postq_result is still to be done */

enum edit_kind { EDIT_PREPEND, EDIT_APPEND, EDIT_REPLACE, EDIT_REMOVE };

/* A change to the header that is applied while the message is copied out. */
struct envelope_edit {
	enum edit_kind kind;
	uint64_t field;	  /* REPLACE, REMOVE: which field of the message as
			   * received, from 1 */
	struct span text; /* whole field, folds with CRLF, no CRLF at the end */
};

enum meta_type { META_STRING = 's', META_NUMBER = 'n', META_BOOL = 'b' };

struct envelope_meta {
	struct span key;
	enum meta_type type;
	struct span value; /* numbers and booleans as text */
};

struct envelope {
	struct span id;
	int64_t received_us;	/* Unix time */
	struct span client_ip, client_port, client_name;
	struct span local_ip, local_port;
	struct span protocol;	/* "ESMTP": RFC 3848 */
	struct span helo;
	struct span auth;	/* user, "" for none */
	struct span tls;	/* "" for none */
	struct span sender;	/* "" = the null sender */
	struct span params;	/* of MAIL, as sent */
	struct span queue_config; /* queue_config.h; "" for none */
	char postq;		/* POSTQ_*; 0 is written as POSTQ_OPEN, and
				 * read where there is no such line */
	size_t postq_offset;	/* of its octet in the trailer; 0: no line */
	struct span postq_result;
	struct envelope_edit *edits; /* EDIT_PREPEND in the order they stand in */
	size_t nedits;
	struct envelope_meta *meta;
	size_t nmeta;
	struct envelope_rcpt *rcpts;
	size_t nrcpts;
};

#define ENVELOPE_MAGIC	     "smtpe-entry 1\n"
#define ENVELOPE_FOOTER_SIZE 32
#define ENVELOPE_TRAILER_MAX (64u << 20)

/*
 * Appends trailer and footer for a message of offset octets; sets each
 * recipient's offset.
 */
void envelope_format(struct envelope *env, uint64_t offset, struct buf *out);

/* Appends the footer alone, for a trailer of length octets at offset. */
void envelope_format_footer(uint64_t offset, uint64_t length, struct buf *out);

/*
 * Checks a file's last ENVELOPE_FOOTER_SIZE octets against its size; gives
 * where the trailer is. NULL, or what is wrong as a literal.
 */
const char *envelope_parse_footer(struct span footer, uint64_t file_size,
    uint64_t *offset, uint64_t *length);

/*
 * Parses a trailer; everything borrows from it or lives in a. NULL, or what
 * is wrong as a literal.
 */
const char *envelope_parse(struct span trailer, struct arena *a,
    struct envelope *env);

/* The value of a metadata key, or NULL. */
const struct envelope_meta *envelope_meta_find(const struct envelope *env,
    struct span key);

#endif
