/*
 * relay: whose mail is taken, a pure OR of facts (DESIGN: relay decision).
 */
#ifndef RELAY_H
#define RELAY_H

#include <stdbool.h>

struct relay_facts {
	bool client_may;    /* in relayhosts, RELAYCLIENT, authenticated */
	bool sender_from;   /* the sender's domain names the client's network */
	bool recipient_ours; /* rcpthosts, morercpthosts.cdb, relay_to */
};

static inline bool
relay_allowed(struct relay_facts f)
{
	return f.client_may || f.sender_from || f.recipient_ours;
}

#endif
