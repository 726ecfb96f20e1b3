/* dispatch: what the session does with a command line. */
#ifndef DISPATCH_H
#define DISPATCH_H

#include "session.h"

/*
 * Finds the verb's row, checks phase and argument, asks its hook, acts, and
 * sends exactly one reply (none when the client is gone meanwhile); then the
 * reset that some commands end with.
 */
void dispatch_line(struct session *s, struct span line);

#endif
