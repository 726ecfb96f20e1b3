/*
 * relay_agent: mail to other servers, what agent-smtp and agent-lmtp have in
 * common: a job's recipients by destination, its hosts one after the other,
 * an answer for each recipient.
 */
#ifndef RELAY_AGENT_H
#define RELAY_AGENT_H

#include "agent.h"

struct relay_agent_kind {
	/* Its name, doc, workers_of and window; the rest is set here. */
	struct agent_type type;
	struct span scheme; /* "smtp:" */
	bool lmtp;
	unsigned port;	    /* of routes without one; 0: they must have one */
	const char *no_route; /* "not a route to a mail server" */
};

/* As agent_main(). */
int relay_agent_main(int argc, char **argv,
    const struct relay_agent_kind *kind);

#endif
