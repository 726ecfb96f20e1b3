/*
 * greet: from the connection to the banner: hook.firewall, hook.accept,
 * hook.params, the delay before a banner and who talks before it.
 * session_greet() (session.h) is here, too.
 */
#ifndef GREET_H
#define GREET_H

#include "session.h"

/* hook.firewall: false means that not one octet is sent. */
bool greet_let_in(struct session *s);

#endif
