/* received: the trace header of this host (RFC 5321 4.4). */
#ifndef RECEIVED_H
#define RECEIVED_H

#include "message.h"
#include "session.h"

/* "with" what it came, also for the envelope: "ESMTP" (RFC 3848), or
 * "UTF8SMTP" (RFC 6531 4.3). May be in tx.arena. */
struct span received_protocol(struct session *s);

/* The whole field for a message, folds with CRLF, no CRLF at its end; in
 * tx.arena. */
struct span received_format(struct session *s, const struct message *m);

#endif
