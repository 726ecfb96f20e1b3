/* relay: see relay.h. */
#include "relay.h"
#include "accept.h"
#include "domains.h"

struct reply
relay_ask(struct session *s, struct span sender, const struct address *rcpt,
    bool bare, struct relay_facts *facts)
{
	struct domain_config from, to;
	struct reply refusal;
	int ours;

	if (domains_ask(s, domains_of(sender), DOMAIN_SENDER, &from,
		&refusal) == -1 ||
	    domains_ask(s, rcpt->domain, DOMAIN_RECIPIENT, &to, &refusal) ==
		-1)
		return refusal;
	ours = bare || to.relay_to ? 1 : accept_domain(s, rcpt);
	if (ours == -1)
		return session_trouble(s, s->morercpthosts.path);
	facts->client_may = s->relay_client || s->auth_user.p != NULL;
	facts->sender_from = domain_config_sends(&from, &s->peer.ip);
	facts->recipient_ours = ours == 1;
	return REPLY_NONE;
}
