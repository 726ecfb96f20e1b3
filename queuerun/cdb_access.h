/*
 * cdb_access: lines of the access table as records (smtpe-access(5)): keys in
 * the one way in which they are looked for, rules checked but for the values
 * of their settings, which smtpe --check looks at. Pure.
 */
#ifndef CDB_ACCESS_H
#define CDB_ACCESS_H

#include "cdb_text.h"

/* NULL, or what is wrong with the line. The key is in a, the rule borrows. */
const char *cdb_access_line(struct span line, struct arena *a,
    struct span *key, struct span *rule);

/* After the last file: names and listeners have the lines that they need: 0,
 * or -1 and err. */
int cdb_access_check(const struct cdb_text *t, struct buf *err);

/* Appends the value of the record ACCESS_LENGTHS_KEY (access_walk.h). */
void cdb_access_lengths(const struct cdb_text *t, struct buf *out);

#endif
