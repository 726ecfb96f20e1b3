/* amqp_answer: what the runner is told about a job (amqp_flow.h). All our
 * trouble and all of the broker's is temporary: mail is never bounced for
 * it. */
#include "amqp_flow.h"

void
amqp_answer_later(struct amqp_flow *f, struct agent_job *job,
    const char *enhanced, struct span text)
{
	agent_done_all(f->agent, job, OUTCOME_LATER, 451, enhanced, text);
	agent_job_free(f->agent, job);
}

/* A return comes before the ack of the same message: the broker took it,
 * and has nowhere to put it. */
void
amqp_answer_sent(struct amqp_flow *f, const struct amqp_sent *sent, bool acked)
{
	struct agent_job *job = sent->job;
	const struct amqp_route *r = &amqp_job_of(job)->route;

	if (sent->returned) {
		amqp_answer_later(f, job, "4.4.4", sent->text);
		return;
	}
	if (!acked) {
		amqp_answer_later(f, job, "4.3.0",
		    SPAN("the broker refused it (basic.nack)"));
		return;
	}
	agent_done_all(f->agent, job, OUTCOME_OK, 250, "2.0.0",
	    arena_printf(&job->arena,
		"confirmed by %.*s, exchange \"%.*s\", key \"%.*s\"",
		SPAN_ARG(amqp_nodes_where(&f->nodes)), SPAN_ARG(r->exchange),
		SPAN_ARG(r->key)));
	agent_job_free(f->agent, job);
}

void
amqp_answer_todo(struct amqp_flow *f, const char *enhanced, struct span text)
{
	while (f->todo != NULL) {
		struct agent_job *job = f->todo;

		f->todo = job->next;
		amqp_answer_later(f, job, enhanced, text);
	}
	f->todo_end = &f->todo;
	f->solo = 0;
}
