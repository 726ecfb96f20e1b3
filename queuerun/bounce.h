/*
 * bounce: telling the sender what became of a message. Each report is an
 * entry of its own with the null sender; it is committed before the mark or
 * the removal that relies on it, and goes through the queue like any other.
 *
 * Never for the null sender: what cannot be told to a sender is told to
 * doublebounceto, and what cannot be told to them goes to dead/. An entry's
 * metadata "bounce" (1: a bounce, 2: one of a bounce) ends the chain.
 *
 * A report's id depends on the entry, the kind and the recipients alone: when
 * a crash makes one twice, both are the same message.
 */
#ifndef BOUNCE_H
#define BOUNCE_H

#include "control.h"
#include "entry.h"
#include "queue_in.h"
#include "report.h"

struct bounce {
	struct queue *q;
	const struct controls *controls;
	struct queue_in *in; /* at the first need */
	struct stage *stage; /* whose script is asked; NULL: none */
	struct buf buf;
};

enum bounce_told {
	BOUNCE_TOLD,	/* a report is in the queue, or nobody wanted one */
	BOUNCE_NOBODY,	/* there is nobody to tell: *why says why not */
	BOUNCE_TROUBLE, /* errno; to be tried again */
};

/* bounce_ask.c: hook.bounce may change the report's subject, text and fields;
 * false: none is to go out. */
bool bounce_ask(struct bounce *b, struct entry *e, struct report *r);

void bounce_init(struct bounce *b, struct queue *q, const struct controls *c);
void bounce_free(struct bounce *b);

/* NULL, or why there is nobody that failures of this entry could be told. */
const char *bounce_nobody(const struct bounce *b, struct entry *e);

/*
 * Tells of the recipients that are marked RCPT_FAILED. Their reasons are
 * their results, or the history's when they failed in an earlier run. id gets
 * the report's, "" when there was nothing to tell.
 */
enum bounce_told bounce_failures(struct bounce *b, struct entry *e,
    int64_t now, char id[ID_SIZE], const char **why);

/* Tells of recipients that were reached just now and whose sender wanted to
 * know (NOTIFY=SUCCESS). Trouble is logged: no mark waits for it. */
void bounce_successes(struct bounce *b, struct entry *e, int64_t now);

/*
 * Tells once that recipients still wait, when the entry is old enough and
 * its sender wants to know. until is when they will be given up.
 */
void bounce_delays(struct bounce *b, struct entry *e, int64_t now,
    int64_t until);

#endif
