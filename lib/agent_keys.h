/*
 * agent_keys: under which keys of agent_workers.h somebody has answered, for
 * as long as an agent lives. One that is forgotten is found out anew.
 */
#ifndef AGENT_KEYS_H
#define AGENT_KEYS_H

#include "span.h"

/* The empty key is known from the start. Case does not count. */
bool keys_known(struct span key);
void keys_note(struct span key);

#endif
