/*
 * smarthost: passing a message on inside the session, in the place of the
 * queue. What the smart host does not take while it takes
 * the rest becomes an entry; so does everything when it gives no answer, and
 * what its sender wants to hear of when the smart host does not offer DSN.
 */
#ifndef SMARTHOST_H
#define SMARTHOST_H

#include "envelope.h"
#include "message.h"
#include "session.h"

enum smarthost_end {
	SMARTHOST_DONE,	  /* taken for everybody: nothing is to be queued */
	SMARTHOST_REFUSED, /* by nobody taken: *refusal is the reply */
	SMARTHOST_QUEUE,  /* env says who is left; *due when */
};

/*
 * Sends a message as env describes it. Recipients that need nothing more are
 * marked in env; what is left is due at *due, and *history, in the
 * transaction's memory, says what was answered.
 */
enum smarthost_end smarthost_pass(struct session *s, const struct message *m,
    struct envelope *env, struct reply *refusal, int64_t *due,
    struct span *history);

/* What was refused is to be an entry all the same: when it is due. */
int64_t smarthost_keep(struct session *s, struct envelope *env);

/* --check: appends a line for what would keep it from ever being used. */
bool smarthost_check(struct session *s, struct buf *err);

/* QUIT to it, at the end of the session. */
void smarthost_close(struct session *s);

#endif
