/*
 * agent-amqp: delivers into RabbitMQ, or whatever else speaks AMQP 0-9-1
 * (agent-amqp(8)). A job is done when the broker confirmed it, not before:
 * confirm mode, persistent, mandatory, always. No wait is without an end.
 *
 * The rooms are amqp_*.c: uri, nodes (who), conn, in, out (the wire), props,
 * body, field (what), flow, window, publish, answer (the jobs' way).
 */
#include "agent.h"
#include "amqp_flow.h"

static struct amqp_flow flow;

/* Twice what may be unconfirmed: while the runner makes one half's end
 * durable the broker has the other half (0.5 to 0.6 of a bare publisher's
 * rate on a busy machine). */
static unsigned
window_of(const struct controls *c)
{
	return 2 * amqp_flow_window(c);
}

static void
start(struct agent *a)
{
	amqp_flow_start(&flow, a);
}

static void
deliver(struct agent *a, struct agent_job *job)
{
	(void)a;
	amqp_flow_deliver(&flow, job);
}

static void
settle(struct agent *a)
{
	(void)a;
	amqp_flow_settle(&flow);
}

static int
poll_fd(struct agent *a, clock_ms *deadline)
{
	(void)a;
	return amqp_flow_poll_fd(&flow, deadline);
}

static void
ready(struct agent *a)
{
	(void)a;
	amqp_flow_ready(&flow);
}

static void
finish(struct agent *a)
{
	(void)a;
	amqp_flow_finish(&flow);
}

static const struct agent_type type = {
    .name = "agent-amqp",
    .doc = "Delivers into RabbitMQ (AMQP 0-9-1); started by queuerun.",
    .window_of = window_of,
    .start = start,
    .deliver = deliver,
    .settle = settle,
    .poll_fd = poll_fd,
    .ready = ready,
    .finish = finish,
};

int
main(int argc, char **argv)
{
	return agent_main(argc, argv, &type);
}
