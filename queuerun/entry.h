/*
 * entry: one entry of the queue while this worker has it: what became of each
 * recipient in this attempt, and the jobs that are out for it. Its lock is
 * held from queue_out_open() to entry_give_back().
 */
#ifndef ENTRY_H
#define ENTRY_H

#include "clock.h"
#include "hook.h"
#include "plan.h"
#include "queue_out.h"

enum result_kind {
	RESULT_NONE,	/* was done before, or nothing is known yet */
	RESULT_OK,
	RESULT_LATER,
	RESULT_FAIL,
	RESULT_DISCARD,
	RESULT_UNTRIED, /* no agent had it: not an attempt */
	RESULT_DEFERRED, /* its destination is left alone: no attempt, too */
};

struct result {
	enum result_kind kind;
	int code;
	struct span enhanced, text; /* in the entry's arena, or literals */
	const char *agent;	    /* a literal, or lives as the pool does */
	struct span peer;	    /* the host that answered, if one did */
	bool passed;  /* it takes over what the sender asked to be told */
	bool relayed; /* it does not, and nobody knows what follows */
	int64_t ms;		    /* between the job and its answer */
};

struct entry {
	struct queue_out out;
	struct result *results; /* one for each recipient */
	size_t open;		/* jobs that are not over */
	struct job *jobs;	/* all of this attempt */
	int64_t deferred;	/* when its destinations are tried, 0: now */
	/* Of this attempt, by the script's stages: */
	struct span route;	/* for all recipients; p NULL: the plan's */
	struct span options;	/* " key=value" for agents, escaped */
	int64_t again;		/* when it is to be tried again; 0: as usual */
	bool keep;		/* it is not too old to be tried on */
	const char *place;	/* where it goes, if not all are done */
	struct span why;	/* and why */
	struct message *changed; /* by hook.postdelivery, to be written */
	struct hook_context context;
	/* settle.c's, while it settles a batch: */
	int verdict;
	int64_t due;
	unsigned attempts; /* that count, with this one */
	const char *why_dead;
	struct entry *next;	/* on the list it is on */
};

struct dest;

struct job {
	uint64_t number;
	struct entry *entry;
	struct plan_group *group;
	const char *agent;
	size_t open;	/* recipients without an answer */
	clock_ms given; /* when it was handed out */
	struct dest *dest; /* dest.h */
	size_t *slot;	/* counts it as long as it is not over; or NULL */
	struct job *sibling; /* of the same entry */
	struct job *next;
};

#define RESULT_TEXT_MAX 1000 /* of an answer's text that is kept */

/* Those whose memory waits for the next use. */
struct entries {
	struct entry *free;
	size_t out; /* taken and not given back */
};

struct entry *entry_take(struct entries *all);
/* Unlocks and closes. */
void entry_give_back(struct entries *all, struct entry *e);
/* The memory of those that wait. */
void entries_free(struct entries *all);

/* After queue_out_open(): room for the results. */
void entry_start(struct entry *e);

/* The word on one recipient (from 0). text is kept as it is. */
void entry_result(struct entry *e, size_t rcpt, enum result_kind kind,
    int code, const char *enhanced, struct span text, const char *agent);

/* The same for everybody in a group who has no word yet. */
void entry_result_group(struct entry *e, const struct plan_group *g,
    enum result_kind kind, int code, const char *enhanced, struct span text,
    const char *agent);

/* A job of the entry, in its arena; the entry waits for it from now on. */
struct job *entry_job(struct entry *e, struct plan_group *g);

#endif
