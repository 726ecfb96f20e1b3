/*
 * shed: what a machine that has no room or no time says: come back later.
 * Before the banner, when thresholds are set (maxload, maxpressure,
 * maxiopressure, minmemory, minfree, mininodes), and at MAIL, at most once a
 * second. Where none is set nothing is asked.
 *
 * A session that waited for its own disk longer than slowcommit keeps new
 * messages off it for as long again.
 */
#ifndef SHED_H
#define SHED_H

#include "session.h"

/* Before the banner: REPLY_NONE, or the 421 4.3.2. Logs. */
struct reply shed_connection(struct session *s);

/* At MAIL: REPLY_NONE, 452 4.3.1 (no room) or 451 4.3.2. Logs. */
struct reply shed_message(struct session *s);

/* Around the commit of a message. */
void shed_commit_begins(struct session *s);
void shed_commit_ends(struct session *s);

#endif
