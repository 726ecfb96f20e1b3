/*
 * dsn: what MAIL and RCPT say about delivery status notifications (RFC 3461
 * 4; RFC 6533 3 for addresses beyond ASCII), pure. The session checks each
 * value with the parsers and keeps the words as they were sent in the
 * envelope's params; bounces and relays read them there with
 * dsn_mail_params() and dsn_rcpt_params().
 *
 * What is decoded is printable, or well-formed UTF-8 without controls: it can
 * stand in a header field. It decides nothing: who gets a bounce when and what
 * is passed on is the reader's business.
 */
#ifndef DSN_H
#define DSN_H

#include "arena.h"
#include "buf.h"

#define DSN_ENVID_MAX 100 /* octets, encoded: RFC 3461 4.4 */
#define DSN_ORCPT_MAX 500 /* RFC 3461 4.2 */

enum dsn_ret { DSN_RET_NONE, DSN_RET_FULL, DSN_RET_HDRS };

/* NOTIFY, bits; 0: it was not given, which means FAILURE and, where it is
 * offered, DELAY (RFC 3461 4.1). */
#define DSN_NEVER   1u
#define DSN_SUCCESS 2u
#define DSN_FAILURE 4u
#define DSN_DELAY   8u

struct dsn_mail {
	enum dsn_ret ret;
	struct span envid; /* decoded; p NULL: none was given */
	struct span ret_word, envid_word; /* the values as sent, for a relay
			    * (RFC 3461 5.2.1); p NULL: none */
};

struct dsn_rcpt {
	unsigned notify;
	struct span type;  /* of the original recipient, as spelled:
			    * "rfc822"; p NULL: none was given */
	struct span orcpt; /* decoded; UTF-8 where type is "utf-8" */
	struct span notify_word, orcpt_word; /* as in dsn_mail */
};

/*
 * One value each: NULL, or what is wrong with it as a literal. Results borrow
 * from the value or live in a. ORCPT: utf8 says whether the client may send
 * UTF-8 (SMTPUTF8), else the type "utf-8" must have it escaped.
 */
const char *dsn_parse_ret(struct span value, enum dsn_ret *ret);
const char *dsn_parse_envid(struct span value, struct arena *a,
    struct span *envid);
const char *dsn_parse_notify(struct span value, unsigned *notify);
const char *dsn_parse_orcpt(struct span value, bool utf8, struct arena *a,
    struct span *type, struct span *orcpt);

/*
 * What an envelope's params say. A value that is not valid, as others than
 * our session may have written, counts as not given.
 */
void dsn_mail_params(struct span params, struct arena *a, struct dsn_mail *m);
void dsn_rcpt_params(struct span params, struct arena *a, struct dsn_rcpt *r);

/*
 * Appends what goes behind MAIL and RCPT towards a next host that offers DSN:
 * " RET=HDRS ENVID=...", each with a blank in front, or nothing (RFC 3461
 * 5.2.1: unchanged, and nothing that was not given). utf8: that host takes
 * SMTPUTF8; without it an ORCPT with UTF-8 in it is escaped.
 */
void dsn_put_mail(const struct dsn_mail *m, struct buf *out);
void dsn_put_rcpt(const struct dsn_rcpt *r, bool utf8, struct buf *out);

/* xtext (RFC 3461 4). Appends. */
void dsn_put_xtext(struct span s, struct buf *out);

/*
 * "rfc822; a@b" or "utf-8; ..." as the fields Original-Recipient and
 * Final-Recipient of a report want it (RFC 3464 2.3, RFC 6533 3). utf8: the
 * report is message/global-delivery-status and may hold UTF-8; without it the
 * address is escaped. Appends.
 */
void dsn_put_original(const struct dsn_rcpt *r, bool utf8, struct buf *out);
void dsn_put_address(struct span address, bool utf8, struct buf *out);

#endif
