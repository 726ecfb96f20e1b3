/*
 * agent_worker: one process that delivers for another (agent_workers.h): its
 * start, its job's way to it, its answers' way back, its end.
 */
#ifndef AGENT_WORKER_H
#define AGENT_WORKER_H

#include "agent_job.h"
#include <sys/types.h>

/* What is kept of a job here; in its arena, at job->own. */
struct worker_job {
	struct span line; /* with its newline */
	struct span key;
	size_t left;	  /* recipients without an answer */
};

struct worker {
	pid_t pid;
	int fd; /* -1: there is none */
	struct agent_job *job;
	struct buf key; /* of its last job */
	unsigned row;	/* jobs of that key in turn */
	bool probe;	/* nobody has answered under that key yet */
	bool answered;	/* somebody has, since it was looked at */
	bool sent;	/* the job's descriptor and some of its line */
	size_t at;	/* octets of its line */
	struct buf in;
};

static inline struct worker_job *
worker_job_of(const struct agent_job *job)
{
	return job->own;
}

/*
 * Forks: 0, or -1 and errno. In the new process, which ends when this one
 * does, become(fd) is called, fd being its end of the socket.
 */
int worker_start(struct worker *k, void (*become)(int fd));

/* As much of its job's line as it takes: 0, or -1 when it is gone. */
int worker_send(struct worker *k);

/* Is some of the line left? */
bool worker_must_send(const struct worker *k);

/*
 * Takes what it has said, whole lines go to out: 0, or -1 when it is gone.
 * When the job has all its answers job->own's left is 0.
 */
int worker_receive(struct worker *k, struct buf *out);

/* It is gone: its process is reaped; says how it ended, in why (reset). */
void worker_bury(struct worker *k, struct buf *why);

#endif
