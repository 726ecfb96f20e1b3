/* amqp_answer: what the runner is told about a job (amqp_flow.h). All our
 * trouble and all of the broker's is temporary: mail is never bounced for
 * it. */
#include "amqp_flow.h"

void
amqp_answer_later(struct amqp_flow *f, struct amqp_part *part,
    const char *enhanced, struct span text)
{
	amqp_part_done(f->agent, part, OUTCOME_LATER, 451, enhanced, text);
}

/* A return comes before the ack of the same message: the broker took it,
 * and has nowhere to put it. */
void
amqp_answer_sent(struct amqp_flow *f, const struct amqp_sent *sent, bool acked)
{
	struct amqp_part *part = sent->part;
	const struct amqp_route *r = &part->route;

	if (sent->returned) {
		amqp_answer_later(f, part, "4.4.4", sent->text);
		return;
	}
	if (!acked) {
		amqp_answer_later(f, part, "4.3.0",
		    SPAN("the broker refused it (basic.nack)"));
		return;
	}
	amqp_part_done(f->agent, part, OUTCOME_OK, 250, "2.0.0",
	    arena_printf(&part->job->arena,
		"confirmed by %.*s, exchange \"%.*s\", key \"%.*s\"",
		SPAN_ARG(amqp_nodes_where(&f->nodes)), SPAN_ARG(r->exchange),
		SPAN_ARG(r->key)));
}

void
amqp_answer_todo(struct amqp_flow *f, const char *enhanced, struct span text)
{
	while (f->todo != NULL) {
		struct amqp_part *part = f->todo;

		f->todo = part->next;
		amqp_answer_later(f, part, enhanced, text);
	}
	f->todo_end = &f->todo;
	f->solo = 0;
}
