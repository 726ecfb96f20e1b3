/*
 * agent_job: a job line and its descriptor become a struct agent_job, from a
 * pool: the memory of a job that is over serves the next one.
 */
#ifndef AGENT_JOB_H
#define AGENT_JOB_H

#include "agent.h"

/* Entries up to this size are read whole, with one pread(2). */
#define AGENT_WHOLE_MAX 262144

struct agent_pool {
	struct agent_slot *free;
};

/* A job with nothing in it; its fd is -1. */
struct agent_job *job_take(struct agent_pool *pool);

/* Closes its fd and gives its memory back. */
void job_give_back(struct agent_pool *pool, struct agent_job *job);

/* "job N ID ROUTE SIZE SENDER RCPT... [; KEY=VALUE...]": NULL, or what is wrong
 * with it as a literal. The line is not needed afterwards. */
const char *job_parse(struct span line, struct agent_job *job);

/*
 * Reads the entry behind job->fd: envelope, and the message when it is small;
 * finds each recipient's number. NULL, or what is wrong with it, for at once.
 */
const char *job_load(struct agent_job *job);

#endif
