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
	uint64_t next; /* of the names, counted from start: who takes it
			* works on it */
	struct settle_counts counts;
};

struct pass_job {
	struct queue *q;
	struct controls *controls;
	struct retry retry;
	const struct queue_names *names;
	size_t start; /* where the names begin, wrapping */
	struct pass_shared *shared;
};

/* SIGTERM and SIGINT: nothing more is handed out. */
void pass_catch_signals(void);
bool pass_stopped(void);

/* Raises RLIMIT_NOFILE as far as it goes. */
void pass_raise_files(void);

void pass_run(const struct pass_job *job);

#endif
