/* pool_jobs: see pool_jobs.h. */
#include "pool_jobs.h"

void
job_queue_push(struct job_queue *q, struct job *j)
{
	j->next = NULL;
	if (q->first == NULL)
		q->last = &q->first;
	*q->last = j;
	q->last = &j->next;
	q->n++;
}

struct job *
job_queue_pop(struct job_queue *q)
{
	struct job *j = q->first;

	if (j == NULL)
		return NULL;
	q->first = j->next;
	q->n--;
	return j;
}

void
job_over(struct pool *p, struct job *j)
{
	struct entry *e = j->entry;

	p->njobs--;
	if (j->slot != NULL)
		(*j->slot)--;
	if (--e->open == 0)
		pool_finish(p, e);
}

void
job_answer(struct pool *p, struct job *j, enum result_kind kind, int code,
    const char *enhanced, struct span text)
{
	struct span kept = arena_dup(&j->entry->out.arena, text);

	entry_result_group(j->entry, j->group, kind, code, enhanced, kept,
	    j->agent);
	job_over(p, j);
}

struct job **
job_find(struct pool_agent *a, uint64_t number)
{
	struct job **j = &a->open[number % POOL_HASH];

	while (*j != NULL && (*j)->number != number)
		j = &(*j)->next;
	return j;
}

struct job *
job_take_at(struct pool_agent *a, struct job **at)
{
	struct job *j = *at;

	*at = j->next;
	a->nopen--;
	return j;
}

struct job *
job_take_any(struct pool_agent *a)
{
	for (size_t i = 0; i < POOL_HASH && a->nopen > 0; i++)
		if (a->open[i] != NULL)
			return job_take_at(a, &a->open[i]);
	return NULL;
}

clock_ms
jobs_overdue(const struct pool_agent *a, clock_ms limit)
{
	clock_ms first = CLOCK_NEVER;

	if (limit <= 0)
		return CLOCK_NEVER;
	for (size_t i = 0; i < POOL_HASH; i++)
		for (struct job *j = a->open[i]; j != NULL; j = j->next)
			if (j->given < first)
				first = j->given;
	return first > CLOCK_NEVER - limit ? CLOCK_NEVER : first + limit;
}
