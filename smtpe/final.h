/*
 * final: the verdict on a message whose end has come (RFC 5321 6.1): the
 * checks, hook.dot, hook.forward, its batches (batch_judge.h) and their commit
 * (enqueue.h). A positive reply is made only when the message is durable,
 * passed on, or taken over by the script.
 *
 * What is said to the client is final_say.c's: one reply, or one for each
 * recipient (LMTP, RFC 2033; PRDR).
 */
#ifndef FINAL_H
#define FINAL_H

#include "arrival.h"
#include "batch.h"

/* The last reply to the end of the data; those before it have been sent. */
struct reply final_verdict(struct session *s, struct arrival *a);

struct final {
	struct reply refusal;	/* of the whole message; code 0: none */
	struct reply words;	/* the script's, for what is accepted */
	struct batches batches;
};

/* Does each recipient get a reply of its own? */
bool final_speaks_each(const struct session *s);

/* Says it, all but the last reply. */
struct reply final_say(struct session *s, struct final *f);

#endif
