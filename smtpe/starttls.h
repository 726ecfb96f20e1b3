/*
 * starttls: TLS in a session: when it can be had, and the handshake, for
 * STARTTLS and for --smtps alike.
 */
#ifndef STARTTLS_H
#define STARTTLS_H

#include "session.h"
#include "tls.h"

/* Did anybody ask for it (tlscert)? */
bool starttls_configured(const struct session *s);

/* Can it be had? What is wrong is in the log, once. */
bool starttls_usable(const struct session *s);

/* RFC 3207 4: 530 when TLS is required and not there; 454 when that is our
 * fault; else REPLY_NONE. */
struct reply starttls_required(const struct session *s);

/*
 * Shakes hands; the session's facts and the log say what came of it. When it
 * fails the session is over (s->ending): false.
 */
bool starttls_begin(struct session *s, enum tls_early early);

/* What came from the client was no record of this conversation: a line in the
 * log. */
void starttls_broken(struct session *s);

/* The end: close_notify. */
void starttls_end(struct session *s);

/* --check: appends a line for each setting that cannot be used. */
bool starttls_check(const struct session *s, struct buf *err);

#endif
