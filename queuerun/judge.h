/*
 * judge: what the results of an attempt mean for an entry, pure: the state
 * each recipient gets, and what becomes of the whole.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include "entry.h"
#include "schedule.h"

enum settle_verdict {
	VERDICT_LEAVE,	/* nobody tried: it stays as and where it is */
	VERDICT_REMOVE, /* everybody has it */
	VERDICT_DUE,	/* somebody is tried again */
	VERDICT_WAIT,	/* the same, but nobody was tried: no attempt */
	VERDICT_FAILED, /* all is over, and not well: somebody is to be told */
	VERDICT_EXPIRED, /* the same, because it is too old to be tried on */
};

/* What becomes of an entry with these results. */
enum settle_verdict judge_entry(const struct entry *e, int64_t now,
    const struct schedule *schedule);

/* The state that a recipient's result leads to under that verdict. */
char judge_state(const struct entry *e, size_t rcpt,
    enum settle_verdict verdict);

/* Recipients that will be marked as failed, or are already. */
size_t judge_failed(const struct entry *e, enum settle_verdict verdict);

#endif
