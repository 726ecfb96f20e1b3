/*
 * try: a policy tried without a network: smtpe --check looks at settings and
 * script; with the queue "none" a session does everything up to the commit.
 */
#ifndef TRY_H
#define TRY_H

#include "session.h"

/*
 * Prints what was found, one line each, on standard output: settings that
 * somebody made, tables, hooks with their places, problems. Returns the exit
 * status: 0, or 111 when something would go wrong. Script errors have been
 * reported by whoever loaded it.
 */
int try_check(struct session *s, const char *script);

/* queuedir none: a private directory stands in its place until the end. */
void try_dry_start(struct session *s);
/* Removes it and what is in it. May be called from last words. */
void try_dry_end(struct session *s);

#endif
