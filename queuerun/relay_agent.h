/*
 * relay_agent: mail to other servers, what agent-smtp and agent-lmtp have in
 * common: a job's recipients by destination, its hosts one after the other,
 * an answer for each recipient.
 */
#ifndef RELAY_AGENT_H
#define RELAY_AGENT_H

#include "agent.h"

struct relay_agent_kind {
	struct span scheme; /* "smtp:" */
	bool lmtp;
	unsigned port;	    /* of routes without one; 0: they must have one */
	const char *no_route; /* "not a route to a mail server" */
};

/* Before workers are forked. */
void relay_agent_start(struct agent *a, const struct relay_agent_kind *kind);

/* For struct agent_type. */
void relay_agent_deliver(struct agent *a, struct agent_job *job);
int relay_agent_poll_fd(struct agent *a, clock_ms *deadline);
void relay_agent_ready(struct agent *a);
void relay_agent_finish(struct agent *a);

/* The destination, as far as it is known without looking it up. */
struct span relay_agent_key(const struct controls *c, const struct agent_job *job);

#endif
