/*
 * submission: what a submission service does with a message (RFC 6409): it
 * looks whether From and Sender are the client's own, and adds Date and
 * Message-Id where they are missing. Nothing else of the message is touched.
 */
#ifndef SUBMISSION_H
#define SUBMISSION_H

#include "session.h"

/* The whole message has come: REPLY_NONE, 550, or trouble. */
struct reply submission_check(struct session *s);

#endif
