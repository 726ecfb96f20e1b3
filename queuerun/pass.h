/*
 * pass: one worker's way through the names of a run: open, plan, hand out,
 * settle, until every name was looked at once. Entries are opened only as
 * the agents have room, so that memory and descriptors stay flat however long
 * the queue is.
 */
#ifndef PASS_H
#define PASS_H

#include "control.h"
#include "queue_out.h"
#include "settle.h"

/* What the workers of a run share; in memory that fork(2) shares. */
struct pass_shared {
	uint64_t next; /* place in the order below: who takes it works on
			* that name */
	struct settle_counts counts;
	bool ended; /* by its time, with names left */
};

struct watch;

struct pass_job {
	struct queue *q;
	struct controls *controls;
	struct retry retry;
	/* First those in new/, then the others; each part begins at a random
	 * place and wraps, so that runs that overlap do not meet at every
	 * entry. */
	const struct queue_names *names;
	size_t nnew, start_new, start_due;
	struct pass_shared *shared;
	bool all; /* destinations that were left alone, too */
	clock_ms end; /* nothing is handed out then; CLOCK_NEVER */
	struct watch *watch; /* names come from it, and there is no end; or
			      * NULL */
};

/* SIGTERM and SIGINT: nothing more is handed out. */
void pass_catch_signals(void);
bool pass_stopped(void);

/* Raises RLIMIT_NOFILE as far as it goes. */
void pass_raise_files(void);

void pass_run(const struct pass_job *job);

#endif
