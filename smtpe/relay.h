/*
 * relay: whose mail is taken. The decision is a pure OR of facts; relay_ask()
 * finds the facts, and asks hook.domain for the sender's and the recipient's
 * domain, in this order, whatever is known already.
 */
#ifndef RELAY_H
#define RELAY_H

#include "address.h"
#include "session.h"

struct relay_facts {
	bool admitted;	     /* at RCPT, and left alone since */
	bool script_may;     /* hook.received's {relay = true} */
	bool client_may;     /* in relayhosts, RELAYCLIENT, authenticated */
	bool sender_from;    /* the sender's domain names the client's network */
	bool recipient_ours; /* rcpthosts, morercpthosts.cdb, relay_to */
};

static inline bool
relay_allowed(struct relay_facts f)
{
	return f.admitted || f.script_may || f.client_may || f.sender_from ||
	    f.recipient_ours;
}

/*
 * Adds what is known of a recipient and of the sender that mail for it would
 * come from ("" is the null sender). bare: "<Postmaster>", which is always
 * ours (RFC 5321 4.5.1). REPLY_NONE, or the refusal: a script's, or trouble.
 */
struct reply relay_ask(struct session *s, struct span sender,
    const struct address *rcpt, bool bare, struct relay_facts *facts);

#endif
