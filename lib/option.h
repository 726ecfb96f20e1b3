/*
 * option: the command line that every program of ours shares: -c DIR,
 * -s SCRIPT, -q QUEUEDIR, -o name=value, -V, -h, --show-controls; and long
 * options of one program's own. It loads the controls and starts the log.
 */
#ifndef OPTION_H
#define OPTION_H

#include "control.h"

/* A program's own option: "--now" with takes_value, "-w" without. */
struct option_own {
	const char *name;
	bool takes_value;
	/* Called in the order of the command line; value is NULL without. */
	void (*set)(const char *value);
};

struct option_program {
	const char *name;  /* "queuerun": in the log, in usage */
	const char *usage; /* what follows the shared options, one line */
	const char *doc;   /* a few lines for -h */
	const struct option_own *own; /* name NULL ends it; may be NULL */
	/* Settings that the program has from elsewhere, above the others; it
	 * may end with die_temp(). NULL: none. */
	void (*settle)(struct controls *c);
	int client_fd; /* a client's socket, which the log must not reach, or
			* -1 */
};

/*
 * Parses; prints and exits 0 for -V, -h, --show-controls; ends with
 * die_perm (100) for a wrong command line and die_temp (111) for controls that cannot be
 * read. -s and -q are -o script= and -o queuedir=. Options end at the first
 * word that is none, or at "--". Returns the index of the first word after
 * them.
 */
int option_parse(const struct option_program *program, int argc, char **argv,
    struct controls *c);

/* "0.1.0 (musl)": -V prints it after the program's name. */
extern const char version_text[];
extern const char version_number[];

#endif
