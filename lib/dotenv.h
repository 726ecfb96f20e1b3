/*
 * dotenv: a file of NAME=value lines, as docker, systemd and dotenv libraries
 * read it: "export " in front, comments, single and double quotes. What these
 * read differently ($variables) is refused, not guessed. Pure.
 */
#ifndef DOTENV_H
#define DOTENV_H

#include "arena.h"

struct dotenv_line {
	struct span name, value;
	size_t number; /* from 1 */
};

/*
 * The next line that sets something, taken off text; *number counts lines
 * and is 0 before the first. 1; 0 at the end; -1 with why, a literal, for the
 * line *number.
 */
int dotenv_next(struct span *text, size_t *number, struct arena *a,
    struct dotenv_line *line, const char **why);

#endif
