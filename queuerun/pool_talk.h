/*
 * pool_talk: the runner's end of the line protocol with an agent
 * (smtpe-agent(7)): job lines with their descriptors out, answers in. Which
 * agent runs is pool.c's business.
 */
#ifndef POOL_TALK_H
#define POOL_TALK_H

#include "pool.h"

/* Puts a job at the end; takes the first one, or NULL. */
void job_queue_push(struct job_queue *q, struct job *j);
struct job *job_queue_pop(struct job_queue *q);

/* The job is over: its entry may be finished. */
void talk_job_over(struct pool *p, struct job *j);

/* A job is over without its agent's word: the same for all who have none. */
void talk_job_answer(struct pool *p, struct job *j, enum result_kind kind,
    int code, const char *enhanced, struct span text);

/* Takes any job that was handed out; NULL when there is none. */
struct job *talk_take_open(struct pool_agent *a);

/* When the oldest job that was handed out is over its time, of limit ms (0:
 * none). */
clock_ms talk_overdue(const struct pool_agent *a, clock_ms limit);

/* Sends as much as the window and the socket take: 0, or -1 and errno. */
int talk_send(struct pool_agent *a, clock_ms silence);

/*
 * Takes what has come, all of it or a good part: 1; 0 at the end of input; -1 when it is
 * against the protocol or cannot be read, *why says what.
 */
int talk_receive(struct pool *p, struct pool_agent *a, clock_ms silence,
    const char **why);

#endif
