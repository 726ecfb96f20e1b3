/*
 * queue_name: the name of the queue that an entry is in,
 * campaign:tenant@domain!routing_domain, pure. A name is not a place: it
 * groups entries for people, for hook.queue_config and for limits.
 *
 * The parts come from metadata: campaign, tenant and routing_domain, and the
 * domain of the first recipient; or `queue', which is the whole name.
 */
#ifndef QUEUE_NAME_H
#define QUEUE_NAME_H

#include "arena.h"
#include "buf.h"
#include "envelope.h"

/* p NULL: it has none. domain always has a value, perhaps "". */
struct queue_parts {
	struct span campaign, tenant, domain, routing_domain;
};

/* Those of an entry; they borrow from it. */
void queue_name_parts(const struct envelope *env, struct queue_parts *parts);

/* Those in a name; they borrow from it. */
void queue_name_split(struct span name, struct queue_parts *parts);

/* Appends the name: without campaign, tenant and routing_domain it is the
 * domain, "tenant@domain", "campaign:@domain", "domain!routing". */
void queue_name_format(const struct queue_parts *parts, struct buf *out);

/* The domain that schedule and route go by: routing_domain, else domain. */
struct span queue_name_routing(const struct queue_parts *parts);

#endif
