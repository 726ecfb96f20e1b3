/*
 * pipe_env: the environment of a delivery program, with qmail's names
 * (qmail-command(8)), pure but for the user's entry in /etc/passwd. What a
 * stranger chose stands in a value and nowhere else.
 */
#ifndef PIPE_ENV_H
#define PIPE_ENV_H

#include "agent.h"

/* Who we are. */
struct pipe_user {
	const char *name, *home; /* the number, and "/", when it has no entry */
	const char *shell;
};

/* Reads /etc/passwd, without the C library's lookups. */
void pipe_user_find(struct pipe_user *u);

/* The line of uid in passwd's text: true. In a. */
bool pipe_user_parse(struct span passwd, unsigned uid, struct arena *a,
    struct pipe_user *u);

/*
 * The environment for one recipient of a job, NULL-terminated, in the job's
 * arena. now is in seconds, for UFLINE.
 */
const char *const *pipe_env(const struct pipe_user *u,
    const struct controls *c, struct agent_job *job, size_t rcpt, int64_t now);

#endif
