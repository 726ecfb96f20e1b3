/*
 * agent_workers: for agents that wait for others (servers, programs). One
 * process takes the jobs from the runner and forks others that deliver, each
 * one job at a time; between the two the same lines and descriptors go as
 * between runner and agent (smtpe-agent(7)), so a worker is an agent whose
 * window is 1.
 *
 * A job goes to a worker that has the same key (a server that it may still be
 * connected to) if there is one; no key has more than half of the workers, so
 * that a server that is slow leaves the others theirs. A key under which
 * nobody has answered yet has one, out of others, twice as many: servers that
 * are down keep nobody from those that are not. A worker that dies
 * takes nobody along: its job is "later". When this process is killed its
 * workers die with it, before anybody else can have their entries.
 */
#ifndef AGENT_WORKERS_H
#define AGENT_WORKERS_H

#include "agent_job.h"
#include "agent_wire.h"

#define AGENT_OUT_MAX 262144 /* answers at which no more work is taken */

/*
 * Serves the runner (a->wire) until it is gone, or SIGTERM; then waits for
 * what is in hand. be_worker is called in each new process.
 */
void workers_serve(struct agent *a, struct agent_pool *pool, unsigned window,
    void (*be_worker)(struct agent *, int fd));

/* --- agent.c --- */

/* For a line that is not the protocol's: logs it and exits. */
_Noreturn void agent_protocol_error(const char *why, struct span line);

/* Did SIGTERM come? The descriptor is readable then. */
bool agent_stop_wanted(void);
int agent_stop_fd(void);

#endif
