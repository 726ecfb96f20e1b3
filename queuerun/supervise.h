/*
 * supervise: queuerun -w: workers that stay, and the process above them. One
 * that ends is started again; SIGHUP, and a change in the control directory,
 * starts new ones with the controls as they are now, while the old ones bring
 * to an end what they have in hand.
 */
#ifndef SUPERVISE_H
#define SUPERVISE_H

#include "control.h"

struct supervise {
	struct controls *controls;
	size_t workers;
	char *const *argv; /* of this program */
	/* Are the controls as they are now usable? Logs what is not. */
	bool (*usable)(void);
	/* A worker, in its own process: its exit status. */
	int (*work)(size_t part, size_t parts);
};

/*
 * For a worker: it gets SIGTERM when the process above it is gone, however
 * that ended. A change of the user undoes this (prctl(2)), so work() says it
 * once more after one.
 */
void supervise_follow(void);

/* Until SIGTERM or SIGINT: the exit status. */
int supervise(const struct supervise *s);

#endif
