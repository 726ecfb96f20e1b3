/*
 * domains: what is known of a domain, as a sender's or as a recipient's: from
 * hook.domain, else from the tables `domains' and domains.cdb.
 *
 * A script's answer is kept for the connection, by name and role, until
 * something else is known of the client (STARTTLS, AUTH, XCLIENT); an error
 * and a refusal are not kept.
 */
#ifndef DOMAINS_H
#define DOMAINS_H

#include "domain_config.h"
#include "session.h"

enum domain_role { DOMAIN_SENDER, DOMAIN_RECIPIENT };

/*
 * Asks about name, an address literal with its brackets; the null sender's
 * "" is not asked about and gives nothing. 0 and *config, or -1 and *refusal:
 * the script's word, or trouble.
 */
int domains_ask(struct session *s, struct span name, enum domain_role role,
    struct domain_config *config, struct reply *refusal);

/* The part of an address that there is something to know about. */
struct span domains_of(struct span address);

#endif
