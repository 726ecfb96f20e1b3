/*
 * pool: the delivery agents of one worker. Each is started at most once, when
 * the first job for it comes, and once more when it fails; it gets as many
 * jobs as its window allows, and what comes back becomes results.
 *
 * Every job that was given is over some time, whatever an agent does: without
 * an answer it is RESULT_LATER. Nothing here blocks but pool_wait().
 */
#ifndef POOL_H
#define POOL_H

#include "entry.h"
#include <signal.h>
#include <sys/types.h>

#define POOL_LINE_MAX 65536 /* of what an agent says */
#define POOL_BATCH    64    /* jobs, and descriptors, in one message */
#define POOL_HASH     256

enum agent_state {
	AGENT_OFF,	/* not started yet, or to be started again */
	AGENT_STARTING, /* has not said "ready" */
	AGENT_READY,
	AGENT_BROKEN, /* cannot be had in this run: why says so */
};

/* Jobs, first in, first out. */
struct job_queue {
	struct job *first, **last;
	size_t n;
};

struct pool_agent {
	char name[40];	  /* "maildir" */
	char program[48]; /* "agent-maildir" */
	enum agent_state state;
	pid_t pid;
	int fd;		  /* our end of its socket; -1 */
	unsigned starts;
	size_t window;
	clock_ms deadline; /* for "ready", or for the next word */
	clock_ms overdue;  /* no open job is over its time before; 0:
			    * to be found out */
	clock_ms busy;	   /* gets nothing before; 0 */
	clock_ms pause;	   /* no sending before; 0 */
	struct buf why;	   /* it is broken, or busy */

	struct job_queue waiting;	 /* not handed out yet */
	struct job *open[POOL_HASH];	 /* handed out, by number */
	size_t nopen;
	size_t notes; /* since the last answer */

	struct buf out; /* lines on their way */
	size_t sent;	/* octets of out */
	int fds[POOL_BATCH]; /* that go with the first octet of out */
	size_t nfds;
	struct buf in; /* what came, up to the last newline */

	struct pool_agent *next;
};

struct pool {
	struct controls *controls;
	struct buf beside; /* directory of our own program */
	struct pool_agent *agents;
	struct entry *finished; /* all of whose jobs are over */
	size_t njobs;		/* given and not over */
	int watch_fd;		/* waited for, too; -1: none */
	uint64_t number;	/* of the last job */
};

void pool_init(struct pool *p, struct controls *c);

/* Agents that could not be had are asked for once more. */
void pool_revive(struct pool *p);

/* Lets the agents end, and waits for them. */
void pool_close(struct pool *p);

/* The agent of this name (route_scheme()); never NULL. */
struct pool_agent *pool_agent(struct pool *p, struct span name);

enum pool_room {
	POOL_ROOM,
	POOL_FULL,   /* its window, and as many more, are taken */
	POOL_BUSY,   /* wants nothing at the moment */
	POOL_BROKEN, /* jobs for it are answered at once */
};

enum pool_room pool_room(const struct pool_agent *a);

/* Hands a job to an agent; it is over now or later. */
void pool_give(struct pool *p, struct pool_agent *a, struct job *j);

/* Jobs that were not handed out yet are over, RESULT_UNTRIED. */
void pool_drop_waiting(struct pool *p, struct span why);

/*
 * Sends, waits for agents until one has something to say, and takes it all; no
 * longer than until latest.
 * Signals are unblocked by mask while it waits.
 */
void pool_wait(struct pool *p, const sigset_t *mask, clock_ms latest);

/* The entries whose jobs are all over, as a list; they leave the pool. */
struct entry *pool_finished(struct pool *p);

/* An entry that had no job to wait for joins that list. */
void pool_finish(struct pool *p, struct entry *e);

#endif
