/*
 * report: the message that tells a sender what became of theirs, pure: a
 * multipart/report (RFC 6522) of a text for people, in the form that list
 * managers read since qmail (QSBMF), a delivery status (RFC 3464; RFC 6533
 * with UTF-8) and the message or its header, which the caller appends between
 * report_begin() and report_end().
 *
 * Whatever servers and strangers said, no octet of it begins a line or a
 * field of its own here.
 */
#ifndef REPORT_H
#define REPORT_H

#include "buf.h"
#include "dsn.h"
#include <stdint.h>

enum report_kind {
	REPORT_FAILED,
	REPORT_DOUBLE, /* to the postmaster: a bounce that bounced */
	REPORT_DELAYED,
	REPORT_DONE, /* delivered or relayed */
};

struct report_rcpt {
	struct span address;
	struct dsn_rcpt dsn;
	const char *action; /* "failed", "delayed", "delivered", "relayed" */
	struct span status; /* "5.1.1" */
	int code;	    /* 0: nobody said anything */
	struct span text;
	struct span peer;   /* the host that said it; n 0: none */
	bool smtp;	    /* it is an SMTP server's reply */
	bool expired;	    /* it would have been tried on, if not too old */
	int64_t tried;	    /* Unix time of the last attempt, 0: none */
};

struct report {
	enum report_kind kind;
	const char *id;	    /* of the report's own entry */
	struct span about;  /* the id of the entry it tells of */
	struct span me;
	struct span from;   /* address; header only, the sender is null */
	struct span to;
	struct span envid;  /* p NULL: none */
	struct span reply_to_id; /* Message-ID of the original; n 0: none */
	int64_t now, arrived, until; /* Unix time; until: of REPORT_DELAYED */
	bool utf8;  /* UTF-8 may stand in fields: message/global (RFC 6533) */
	bool whole; /* the original follows, else its header alone */
	bool eight; /* what follows has octets beyond ASCII */
	struct report_rcpt *rcpts;
	size_t nrcpts;
	/* report_words() fills these in; a script may change them. */
	struct span subject;
	struct buf text;    /* lines end in LF */
	struct buf headers; /* more fields, each with its CRLF */
};

/* Subject and text as they are by default. */
void report_words(struct report *r);

/* Everything up to the first octet of the original. Appends. */
void report_begin(const struct report *r, struct buf *out);
/* What follows its last octet. */
void report_end(const struct report *r, struct buf *out);

/* Frees text and headers. */
void report_free(struct report *r);

#endif
