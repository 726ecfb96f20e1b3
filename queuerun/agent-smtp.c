/*
 * agent-smtp: delivers to other mail servers (agent-smtp(8)), to the mail
 * exchangers of a domain or to the host of a route. The rooms are relay_*.c.
 */
#include "relay_agent.h"

int
main(int argc, char **argv)
{
	/* Jobs for dozens of servers that do not answer may wait here, and
	 * there should be room for others: hence the window. */
	static const struct relay_agent_kind kind = {
	    .type = {
		.name = "agent-smtp",
		.doc = "Delivers to mail servers (SMTP), for queuerun.",
		.window = 32,
		.workers_of = agent_workers_remote,
	    },
	    .scheme = SPAN_LIT("smtp:"),
	    .port = 25,
	    .no_route = "not a route to a mail server",
	};

	return relay_agent_main(argc, argv, &kind);
}
