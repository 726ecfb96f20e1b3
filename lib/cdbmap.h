/*
 * cdbmap: constant databases (tinycdb). Opened at the first lookup and kept
 * open; a file that does not exist holds nothing. A zeroed struct with path
 * set is ready.
 */
#ifndef CDBMAP_H
#define CDBMAP_H

#include "arena.h"

struct cdbmap {
	const char *path; /* the caller's, e.g. DIR/recipients.cdb */
	void *cdb;	  /* private */
	bool tried;
};

/*
 * 1 and the value (in a) when the key is there, 0 when it or the file is
 * not, -1 and errno when the file cannot be opened or is damaged (EPROTO):
 * a table that exists and cannot be read is never an empty one.
 */
int cdbmap_find(struct cdbmap *m, struct span key, struct arena *a,
    struct span *value);

void cdbmap_close(struct cdbmap *m);

#endif
