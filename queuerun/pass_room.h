/* pass_room: what the rooms of a pass share (pass.h). */
#ifndef PASS_ROOM_H
#define PASS_ROOM_H

#include "dest.h"
#include "pass.h"
#include "stage.h"
#include <signal.h>

struct pass {
	const struct pass_job *job;
	struct plan plan;
	struct pool pool;
	struct entries entries;
	struct settle settle;
	struct stage stage;
	struct dests dests;
	size_t max_entries; /* that may be open at once */
	size_t ready;	    /* entries that wait to be settled, about */
	size_t ahead;	    /* names to be looked at though all are full */

	/* Names nobody has looked at: the run's, or what watching found. */
	bool names_left;
	struct queue_names fresh;
	size_t headfresh;
	/* Names that somebody else had locked: looked at once more, for it
	 * may have been an operator's look at them. */
	struct queue_names busy;
	size_t headbusy, lastbusy;
	clock_ms busy_time; /* the second look at them; with watch */
	bool second_look;
};

/* --- pass_names.c --- */

/* The next name to work on: true. */
bool names_next(struct pass *p, struct queue_name *name);
/* Somebody has it. */
void names_busy(struct pass *p, const struct queue_name *name);
/* Are there any that nobody has looked at yet? */
bool names_left(const struct pass *p);
void names_free(struct pass *p);

/* --- pass_give.c --- */

/* Opens the entry and hands it out, answers it, or puts it off. */
void give_name(struct pass *p, const struct queue_name *name);

/* --- pass_process.c --- */

extern sigset_t pass_wait_mask; /* while waiting */
size_t pass_entries_allowed(void);

#endif
