/*
 * agent-smtp: delivers to other mail servers (agent-smtp(8)), to the mail
 * exchangers of a domain or to the host of a route. The rooms are relay_*.c.
 */
#include "relay_agent.h"

static const struct relay_agent_kind kind = {SPAN_LIT("smtp:"), false, 25,
    "not a route to a mail server"};

static unsigned
workers_of(const struct controls *c)
{
	return c->concurrencyremote > 0 && c->concurrencyremote < 1000 ?
	    (unsigned)c->concurrencyremote : 1;
}

/* Jobs for dozens of servers that do not answer may wait here, and there
 * should be room for others. */
static unsigned
window_of(const struct controls *c)
{
	return 32 * workers_of(c);
}

static void
start(struct agent *a)
{
	relay_agent_start(a, &kind);
}

int
main(int argc, char **argv)
{
	static const struct agent_type type = {
	    .name = "agent-smtp",
	    .doc = "Delivers to mail servers (SMTP), for queuerun.",
	    .window_of = window_of,
	    .workers_of = workers_of,
	    .key_of = relay_agent_key,
	    .start = start,
	    .deliver = relay_agent_deliver,
	    .poll_fd = relay_agent_poll_fd,
	    .ready = relay_agent_ready,
	    .finish = relay_agent_finish,
	};

	return agent_main(argc, argv, &type);
}
