/*
 * agent-lmtp: delivers to a mail store by LMTP (RFC 2033, agent-lmtp(8)), on a
 * TCP port or a Unix socket. The rooms are relay_*.c, as agent-smtp's.
 */
#include "relay_agent.h"

int
main(int argc, char **argv)
{
	/* Others should have work while some wait for a server that is
	 * slow: hence the window. */
	static const struct relay_agent_kind kind = {
	    .type = {
		.name = "agent-lmtp",
		.doc = "Delivers to mail stores (LMTP), for queuerun.",
		.window = 4,
		.workers_of = agent_workers_local,
	    },
	    .scheme = SPAN_LIT("lmtp:"),
	    .lmtp = true,
	    .no_route = "not a route to host and port, or to a socket",
	};

	return relay_agent_main(argc, argv, &kind);
}
