/*
 * amqp_nodes: the brokers of the amqp control, tried in order. One that
 * failed is left alone for a while and the next takes over: a broker that is
 * down costs one attempt, not one for each message.
 */
#ifndef AMQP_NODES_H
#define AMQP_NODES_H

#include "amqp_conn.h"
#include "control.h"

#define AMQP_BACKOFF 30000 /* ms that a node which failed is left alone */

struct amqp_node {
	struct amqp_uri uri;
	clock_ms not_before;
};

struct amqp_nodes {
	struct amqp_node *v;
	size_t n, current;
	struct buf why; /* of the nodes that did not work, one after another */
	const char *enhanced;
	struct arena arena;
};

/* 0, or -1 and why: an item is not a URI. */
int amqp_nodes_load(struct amqp_nodes *nodes, const struct control_list *list);

/* Connects to the first node that may be tried: 0, or -1 and why. */
int amqp_nodes_connect(struct amqp_nodes *nodes, struct amqp_conn *c,
    const struct amqp_setup *setup);

/* The current node failed: the next one's turn. */
void amqp_nodes_leave(struct amqp_nodes *nodes, const struct amqp_conn *c);

/* When a node may be tried again. */
clock_ms amqp_nodes_next(const struct amqp_nodes *nodes);

static inline struct span
amqp_nodes_where(const struct amqp_nodes *nodes)
{
	return nodes->v[nodes->current].uri.where;
}

#endif
