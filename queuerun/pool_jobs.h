/*
 * pool_jobs: the jobs of one agent, those that wait and those that were handed
 * out, and what a job's end means for its entry. Nothing here talks to
 * anybody.
 */
#ifndef POOL_JOBS_H
#define POOL_JOBS_H

#include "pool.h"

/* Puts a job at the end; takes the first one, or NULL. */
void job_queue_push(struct job_queue *q, struct job *j);
struct job *job_queue_pop(struct job_queue *q);

/* The job is over: its entry may be finished. */
void job_over(struct pool *p, struct job *j);

/* A job is over without its agent's word: the same for all who have none. */
void job_answer(struct pool *p, struct job *j, enum result_kind kind, int code,
    const char *enhanced, struct span text);

/* Where the job of this number is among those that were handed out; NULL is
 * there when it is none of them. */
struct job **job_find(struct pool_agent *a, uint64_t number);

/* Takes the job there, or any that was handed out; NULL when there is none. */
struct job *job_take_at(struct pool_agent *a, struct job **at);
struct job *job_take_any(struct pool_agent *a);

/* When the oldest job that was handed out is over its time, of limit ms (0:
 * none). */
clock_ms jobs_overdue(const struct pool_agent *a, clock_ms limit);

#endif
