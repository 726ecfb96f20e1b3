/*
 * cdb_text: the lines of a control file as records of a table, checked; pure.
 * The rules are those of lists and maps (smtpe-control(5)): blank lines and
 * those that begin with '#' do not count, blanks at the ends of key and value
 * neither.
 */
#ifndef CDB_TEXT_H
#define CDB_TEXT_H

#include "arena.h"
#include "buf.h"

struct cdb_record {
	struct span key, value;
	const char *file;
	size_t line;
};

struct cdb_text {
	struct cdb_record *v;
	size_t n, cap;
	bool keep_case;	 /* else keys are stored in lower case */
	bool list;	 /* a line is a key, its value empty */
	bool access;	 /* lines of the access table (cdb_access.h) */
	struct arena arena;
};

/*
 * Adds the lines of a file, which text and the caller keep: 0; -1 with
 * "FILE:LINE: TEXT" in err for the first that is wrong.
 */
int cdb_text_add(struct cdb_text *t, const char *file, struct span text,
    struct buf *err);

/* After the last file: no key stands there twice, or -1 and err. */
int cdb_text_check(struct cdb_text *t, struct buf *err);

#endif
