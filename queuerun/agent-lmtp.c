/*
 * agent-lmtp: delivers to a mail store by LMTP (RFC 2033, agent-lmtp(8)), on a
 * TCP port or a Unix socket. The rooms are relay_*.c, as agent-smtp's.
 */
#include "relay_agent.h"

static const struct relay_agent_kind kind = {SPAN_LIT("lmtp:"), true, 0,
    "not a route to host and port, or to a socket"};

static unsigned
workers_of(const struct controls *c)
{
	return c->concurrencylocal > 0 && c->concurrencylocal < 1000 ?
	    (unsigned)c->concurrencylocal : 1;
}

/* Others should have work while some wait for a server that is slow. */
static unsigned
window_of(const struct controls *c)
{
	return 4 * workers_of(c);
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
	    .name = "agent-lmtp",
	    .doc = "Delivers to mail stores (LMTP), for queuerun.",
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
