/*
 * batch: recipients of one message that travel together: one entry of the
 * queue with an id, a header and metadata of its own. Batches are made by
 * the control `batch' or by hook.split, judged one after the other
 * (batch_judge.h), and written all or none (enqueue.h).
 */
#ifndef BATCH_H
#define BATCH_H

#include "message.h"
#include "session.h"

struct batch {
	struct message msg;
	const struct span *members; /* the recipients it was made of, where
				     * each hears of its own */
	size_t nmembers;
	char id[ID_SIZE];	/* the transaction's; "-1", "-2", ... behind it
				 * where there are several */
	enum fate fate;
	const char *quarantine; /* "quarantine/NAME" */
	struct span trace;	/* our Received field, as it was made */
	struct span supplement; /* the same of the supplement */
	struct span queue_config;
	struct reply words;	/* the script's, for the positive reply */
	struct reply reply;	/* the refusal; code 0: none */
	bool kept;		/* refused, and a copy goes to quarantine */
	bool passed;		/* the smart host, or QMAILQUEUE's program,
				 * has it: no entry */
	int64_t due;		/* not before; 0: at once */
	struct span history;	/* what the smart host said, for its entry */
	struct envelope env;
};

struct batches {
	struct batch *v; /* in the transaction's memory */
	size_t n;
};

/*
 * Divides the open recipients of m: REPLY_NONE, or why the message is not
 * taken. A hook's partition has each of them as often as m has it. The
 * batches borrow from m; batches_end() gives up what they hold.
 */
struct reply batches_make(struct session *s, struct message *m,
    struct batches *b);
void batches_end(struct batches *b);

/* Keeps who is in which batch, before a script can change it. */
void batches_note_members(struct session *s, struct batches *b);

/* action.quarantine for one batch. */
void batch_quarantine(struct session *s, struct batch *b, struct span name,
    struct reply refusal);

#endif
