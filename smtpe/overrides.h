/*
 * overrides: hook.params, the script's settings for this connection alone, above
 * files, environment, -o and the access table.
 */
#ifndef OVERRIDES_H
#define OVERRIDES_H

#include "session.h"

/* Asks and sets: REPLY_NONE, or the 421 that ends the connection. */
struct reply overrides_ask(struct session *s);

#endif
