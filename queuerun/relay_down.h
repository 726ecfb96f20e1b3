/*
 * relay_down: addresses that could not be reached, known to all workers of an
 * agent, so that a host that is down costs one wait and not one for each
 * message (qmail's tcpto). For a few minutes, and no longer than the agent
 * lives.
 */
#ifndef RELAY_DOWN_H
#define RELAY_DOWN_H

#include "ip.h"
#include "clock.h"

#define RELAY_DOWN_MS 120000

/* Before the workers are forked. */
void relay_down_init(void);

/* It was not reached, for that errno. */
void relay_down_note(const struct ip *ip, unsigned port, int error);
/* It was. */
void relay_down_clear(const struct ip *ip, unsigned port);

/* The errno of a failure that is not too long ago; 0: none. */
int relay_down_find(const struct ip *ip, unsigned port);

#endif
