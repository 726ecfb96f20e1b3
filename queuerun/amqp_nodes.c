/* amqp_nodes: see amqp_nodes.h. */
#include "amqp_nodes.h"
#include "log.h"

#define WHY_MAX 800 /* octets of reasons that are kept */

int
amqp_nodes_load(struct amqp_nodes *nodes, const struct control_list *list)
{
	nodes->enhanced = "4.3.5";
	if (list->n == 0) {
		buf_puts(&nodes->why, "the control amqp names no broker");
		return -1;
	}
	nodes->v = arena_zalloc(&nodes->arena, list->n * sizeof *nodes->v);
	nodes->n = list->n;
	for (size_t i = 0; i < list->n; i++) {
		const char *wrong = amqp_uri_parse(list->v[i], &nodes->arena,
		    &nodes->v[i].uri);

		/* The item itself may hold a password. */
		if (wrong != NULL) {
			buf_printf(&nodes->why, "amqp: item %zu: %s", i + 1,
			    wrong);
			return -1;
		}
	}
	return 0;
}

static void
add_why(struct amqp_nodes *nodes, const struct amqp_conn *c)
{
	if (nodes->why.n > WHY_MAX)
		return;
	if (nodes->why.n > 0)
		buf_puts(&nodes->why, "; ");
	buf_put(&nodes->why, amqp_nodes_where(nodes));
	buf_puts(&nodes->why, ": ");
	buf_put(&nodes->why, buf_span(&c->why));
	nodes->enhanced = c->enhanced;
}

void
amqp_nodes_leave(struct amqp_nodes *nodes, const struct amqp_conn *c)
{
	struct log l;

	log_open_at(&l, LOG_WARNING, "amqp-down");
	log_span(&l, "node", amqp_nodes_where(nodes));
	log_span(&l, "text", buf_span(&c->why));
	log_send(&l);
	add_why(nodes, c);
	nodes->v[nodes->current].not_before = clock_deadline(AMQP_BACKOFF);
	nodes->current = (nodes->current + 1) % nodes->n;
}

int
amqp_nodes_connect(struct amqp_nodes *nodes, struct amqp_conn *c,
    const struct amqp_setup *setup)
{
	for (size_t i = 0; i < nodes->n; i++) {
		const struct amqp_node *node = &nodes->v[nodes->current];

		if (node->not_before > clock_mono()) {
			nodes->current = (nodes->current + 1) % nodes->n;
			continue;
		}
		if (amqp_conn_open(c, &node->uri, setup) == 0) {
			buf_reset(&nodes->why);
			return 0;
		}
		amqp_conn_close(c);
		amqp_nodes_leave(nodes, c);
	}
	/* A round ends for all at once: the first must not be due again while
	 * the last was still being waited for. */
	for (size_t i = 0; i < nodes->n; i++)
		nodes->v[i].not_before = clock_deadline(AMQP_BACKOFF);
	return -1;
}

clock_ms
amqp_nodes_next(const struct amqp_nodes *nodes)
{
	clock_ms next = CLOCK_NEVER;

	for (size_t i = 0; i < nodes->n; i++)
		if (nodes->v[i].not_before < next)
			next = nodes->v[i].not_before;
	return next;
}
