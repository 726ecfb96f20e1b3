/*
 * accept: which recipients are ours and known, from the control files and
 * their tables. -1 and errno where a table cannot be read: then nobody knows,
 * and the client hears 451.
 */
#ifndef ACCEPT_H
#define ACCEPT_H

#include "session.h"

/* Is the domain in rcpthosts or morercpthosts.cdb; without rcpthosts in
 * locals or virtualdomains? 1, 0 or -1. */
int accept_domain(struct session *s, const struct address *rcpt);

/* Is it in recipients or recipients.cdb (or are there none)? 1, 0 or -1. */
int accept_recipient(struct session *s, const struct address *rcpt);

/* Is the sender in badmailfrom? */
bool accept_is_bad_sender(struct session *s, const struct address *sender);

#endif
