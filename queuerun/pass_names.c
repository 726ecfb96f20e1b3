/*
 * pass_names: which name is next (pass_room.h): first those that wait for
 * their turn at a destination that has room now, then those nobody has looked
 * at, then those that somebody else had.
 */
#include "pass_room.h"
#include "die.h"
#include <stdlib.h>

#define BUSY_MS 1000 /* until a locked entry is looked at again, with watch */

/* The next name of the run that no worker has taken. */
static bool
next_shared(struct pass *p, struct queue_name *name)
{
	const struct pass_job *job = p->job;
	uint64_t i;

	if (!p->names_left)
		return false;
	i = __atomic_fetch_add(&job->shared->next, 1, __ATOMIC_RELAXED);
	if (i >= job->names->n) {
		p->names_left = false;
		return false;
	}
	if (i < job->nnew)
		i = (job->start_new + i) % job->nnew;
	else
		i = job->nnew + (job->start_due + i - job->nnew) %
		    (job->names->n - job->nnew);
	*name = job->names->v[i];
	return true;
}

/* The next that watching found. */
static bool
next_fresh(struct pass *p, struct queue_name *name)
{
	if (p->headfresh == p->fresh.n)
		return false;
	*name = p->fresh.v[p->headfresh++];
	if (p->headfresh == p->fresh.n)
		p->headfresh = p->fresh.n = 0;
	return true;
}

/*
 * One that was locked: once, when all others have been looked at; or, with
 * watch, after a while and again and again.
 */
static bool
next_busy(struct pass *p, struct queue_name *name)
{
	bool watch = p->job->watch != NULL;

	if (p->headbusy == p->busy.n || p->dests.waiting > 0 ||
	    names_left(p))
		return false;
	if (watch && p->headbusy == p->lastbusy) {
		if (clock_left(p->busy_time) > 0)
			return false;
		/* Those that are there now; what comes meanwhile is for
		 * another time. */
		p->lastbusy = p->busy.n;
	}
	p->second_look = !watch;
	*name = p->busy.v[p->headbusy++];
	if (p->headbusy == p->busy.n)
		p->headbusy = p->lastbusy = p->busy.n = 0;
	return true;
}

bool
names_next(struct pass *p, struct queue_name *name)
{
	return dests_next(&p->dests, clock_wall(), name) ||
	    (p->job->watch != NULL ? next_fresh(p, name) :
				     next_shared(p, name)) ||
	    next_busy(p, name);
}

bool
names_left(const struct pass *p)
{
	return p->names_left || p->headfresh < p->fresh.n;
}

void
names_busy(struct pass *p, const struct queue_name *name)
{
	struct queue_names *b = &p->busy;

	if (p->second_look)
		return;
	if (b->n == 0)
		p->busy_time = clock_deadline(BUSY_MS);
	if (b->n == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 64;
		void *v = realloc(b->v, cap * sizeof *b->v);

		if (v == NULL)
			die_temp("out of memory");
		b->v = v;
		b->cap = cap;
	}
	b->v[b->n++] = *name;
}

void
names_free(struct pass *p)
{
	queue_names_free(&p->fresh);
	queue_names_free(&p->busy);
}
