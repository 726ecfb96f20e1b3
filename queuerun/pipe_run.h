/*
 * pipe_run: one delivery program: the message on its standard input, its
 * output kept, its time bounded. It may leave the message unread, close its
 * input, leave others behind that hold its output: none of this keeps us.
 */
#ifndef PIPE_RUN_H
#define PIPE_RUN_H

#include "maildir_text.h"

#define PIPE_OUTPUT 2048 /* octets that are kept */

struct pipe_run {
	struct buf output; /* kept by the caller from one run to the next */
	int status;	   /* of wait(2) */
	bool late;	   /* it was killed, with its process group */
	int error;	   /* errno of ours, 0: none; it was killed, too, if it
			    * had been started */
	const char *doing; /* what failed */
};

/*
 * Runs the shell command with env and what text gives (maildir_text_start()
 * was called) until the deadline.
 */
void pipe_run(struct pipe_run *r, const char *command,
    const char *const env[], struct maildir_text *text, clock_ms deadline);

enum pipe_verdict { PIPE_OK, PIPE_LATER, PIPE_FAIL };

/* What the exit status means to qmail, pure. */
enum pipe_verdict pipe_verdict(int status);

#endif
