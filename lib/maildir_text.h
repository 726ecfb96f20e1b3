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
	enum { TEXT_HEAD, TEXT_SMALL, TEXT_LARGE, TEXT_END } next;
	bool cr;	 /* a CR whose LF may come */
	bool small;
};

/*
 * Reads the job's header for loops: sets loops[i] for each recipient that a
 * Delivered-To names already, *too_many when there are more of these fields
 * than MAILDIR_LOOPS_MAX. A small message is ready in t afterwards. 0, or -1
 * and errno.
 */
int maildir_text_load(struct maildir_text *t, const struct agent_job *job,
    bool *loops, bool *too_many);

/*
 * The same octets, piece by piece, for who cannot write them at once: they
 * begin again for a recipient of the job that was loaded; the next piece,
 * valid until the next call: 1; 0 at the end; -1 and errno.
 */
void maildir_text_start(struct maildir_text *t, const struct agent_job *job,
    size_t rcpt);
int maildir_text_next(struct maildir_text *t, struct span *piece);

/* Writes the file of one recipient of the job that was loaded. 0, -1. */
int maildir_text_write(struct maildir_text *t, const struct agent_job *job,
    size_t rcpt, int fd);

#endif
