/*
 * sender: who may send, and as whom. A client that has authenticated sends as
 * itself, where its login is an address, and as what senderlogin and
 * senderlogin.cdb list; without either as anybody. Others are not asked: what
 * comes in from elsewhere may bear any name.
 */
#ifndef SENDER_H
#define SENDER_H

#include "session.h"

/* Before MAIL is looked at: REPLY_NONE, or 530 where AUTH comes first. */
struct reply sender_admit(const struct session *s);

/* May the client use this address? 1, 0, or -1 and errno when a table cannot
 * be read. */
int sender_allowed(struct session *s, const struct address *sender);

/* MAIL's address: REPLY_NONE, 553, or trouble. The null sender is nobody's. */
struct reply sender_check(struct session *s, const struct address *sender);

/*
 * AUTH= of MAIL (RFC 4954 5): who submitted the message first, xtext or "<>".
 * REPLY_NONE, or 501.
 */
struct reply sender_parse_auth(struct session *s, struct span value);

/* MAIL's parameters as they are kept, in a: what a client that is not trusted
 * says of AUTH= becomes "<>". */
struct span sender_params(const struct session *s, struct span params,
    struct arena *a);

#endif
