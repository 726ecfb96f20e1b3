/*
 * maildir_text: what is written into a file of a Maildir: our lines, then the
 * message as composed, LF at the ends of lines and every other octet as it
 * is.
 */
#ifndef MAILDIR_TEXT_H
#define MAILDIR_TEXT_H

#include "agent.h"

#define MAILDIR_LOOPS_MAX 100 /* Delivered-To fields that are a loop */

struct maildir_text {
	struct compose compose;
	struct buf head; /* our lines */
	struct buf text; /* the whole message, or a piece of a large one */
};

/*
 * Reads the job's header for loops: sets loops[i] for each recipient that a
 * Delivered-To names already, *too_many when there are more of these fields
 * than MAILDIR_LOOPS_MAX. A small message is ready in t afterwards. 0, or -1
 * and errno.
 */
int maildir_text_load(struct maildir_text *t, const struct agent_job *job,
    bool *loops, bool *too_many);

/* Writes the file of one recipient of the job that was loaded. 0, -1. */
int maildir_text_write(struct maildir_text *t, const struct agent_job *job,
    size_t rcpt, int fd);

#endif
