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

/* 1 when the file is open, 0 when there is none, -1 and errno. */
int cdbmap_open(struct cdbmap *m);

/* The same as cdbmap_find(), but the value lies in the file's mapping and
 * lives until cdbmap_close(). */
int cdbmap_look(struct cdbmap *m, struct span key, struct span *value);

/*
 * The next record, in the file's order; *at is 0 before the first. 1, 0
 * behind the last one, -1 and errno. key and value as of cdbmap_look().
 */
int cdbmap_next(struct cdbmap *m, unsigned *at, struct span *key,
    struct span *value);

void cdbmap_close(struct cdbmap *m);

/*
 * Writes a table of the records that next() gives until it gives false, to an
 * empty file. Of several with one key the first stays. 0, or -1 and errno; the
 * caller syncs and renames.
 */
int cdbmap_make(int fd, bool (*next)(void *from, struct span *key,
    struct span *value), void *from);

#endif
