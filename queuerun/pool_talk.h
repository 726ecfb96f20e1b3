/*
 * pool_talk: the runner's end of the line protocol with an agent
 * (smtpe-agent(7)): job lines with their descriptors out, answers in. Which
 * agent runs is pool.c's business.
 */
#ifndef POOL_TALK_H
#define POOL_TALK_H

#include "pool.h"

/* Sends as much as the window and the socket take: 0, or -1 and errno. */
int talk_send(struct pool_agent *a, clock_ms silence);

/*
 * Takes what has come, all of it or a good part: 1; 0 at the end of input; -1
 * when it is against the protocol or cannot be read, *why says what.
 */
int talk_receive(struct pool *p, struct pool_agent *a, clock_ms silence,
    const char **why);

#endif
