/*
 * try: a policy tried without a network: smtpe --check looks at settings and
 * script; with the queue "none" a session does everything up to the commit.
 */
#ifndef TRY_H
#define TRY_H

#include "session.h"

/*
 * Prints what was found, one line each, on standard output: settings that
 * somebody made, tables, hooks with their places, problems. script is the one
 * that was loaded, NULL for none; error is why it could not be, or NULL.
 * Returns the exit status: 0, or 111 when something would go wrong.
 */
int try_check(struct session *s, const char *script, const char *error);

/* The same when the settings could not be loaded, which is in the log. */
void try_check_controls(struct session *s);

/* --trace: a command line, on standard error, where the hooks' are shown. */
void try_show_line(const struct session *s, struct span line);

/*
 * queuedir none: a private directory stands in its place until the end, and in
 * that of statedir, unless the command line or the environment names one: who
 * tries a policy leaves nothing in the memory of the real ones.
 */
void try_dry_start(struct session *s);
/* Removes it and what is in it. May be called from a signal handler. */
void try_dry_end(struct session *s);

#endif
