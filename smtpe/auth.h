/*
 * auth: where and with what AUTH (RFC 4954) is possible, for EHLO and for the
 * verb, and who is asked: the script, then authusers by smtpe-checkpw, then
 * the checkpassword program of the command line.
 */
#ifndef AUTH_H
#define AUTH_H

#include "session.h"

/* Mechanisms that we know ourselves; OTHER are the script's. */
enum auth_mechanism {
	MECHANISM_PLAIN,	 /* RFC 4616 */
	MECHANISM_LOGIN,
	MECHANISM_SCRAM_SHA_256, /* RFC 7677 */
	MECHANISM_CRAM_MD5,	 /* RFC 2195 */
	MECHANISM_OTHER,
};
enum auth_mechanism auth_mechanism_find(struct span name);

/* Is there anybody who knows passwords? */
bool auth_configured(const struct session *s);
/* Without encryption only where authplain says so: 1, or the client's
 * network. */
bool auth_allowed(const struct session *s);

/* Appends " PLAIN LOGIN": what EHLO offers, best first; nothing where none of
 * authmechs is possible. */
void auth_put_offer(struct session *s, struct buf *out);

/* Does authmechs name it, or its default? */
bool auth_is_wanted(const struct session *s, struct span name);

/* May this client use it? REPLY_NONE, or why not: 504, 534. */
struct reply auth_admit(struct session *s, struct span name);

/* For --check: could it work? Appends a line for each thing that could not. */
bool auth_verify(struct session *s, struct buf *problems);

#endif
