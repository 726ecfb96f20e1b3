/* relay: the decision, all rows of its truth table. */
#include "../../smtpe/relay.h"
#include "tap.h"

int
main(void)
{
	/* Bit by bit: admitted, script, client, sender, recipient. */
	static const char may[] =
	    "01111111" "11111111" "11111111" "11111111";

	for (int i = 0; i < 32; i++) {
		struct relay_facts f = {i & 1, i & 2, i & 4, i & 8, i & 16};
		char name[64];

		snprintf(name, sizeof name,
		    "admitted %d script %d client %d sender %d ours %d",
		    f.admitted, f.script_may, f.client_may, f.sender_from,
		    f.recipient_ours);
		ok(relay_allowed(f) == (may[i] == '1'), name);
	}
	return done_testing();
}
