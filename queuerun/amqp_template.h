/*
 * amqp_template: names of exchanges and routing keys that depend on the
 * message, pure. Octets are percent-encoded (%2F, upper case where the first
 * digit is a D); what a letter in lower case follows is filled in:
 *
 *	%d  the recipient's domain, in lower case
 *	%u  its local part, without quotes
 *	%q  the queue's name (queue_name.h), %t the tenant
 *	%m{NAME}  that metadata
 *	%%  a percent sign
 */
#ifndef AMQP_TEMPLATE_H
#define AMQP_TEMPLATE_H

#include "arena.h"
#include "envelope.h"

/* NULL, or what is wrong with it as a literal. */
const char *amqp_template_check(struct span text);

/* Does the result depend on anything? */
bool amqp_template_varies(struct span text);

/* The result for one recipient's address, in a. The text has been checked;
 * what the message does not have is "". */
struct span amqp_template_fill(struct span text, const struct envelope *env,
    struct span address, struct arena *a);

#endif
