/*
 * edits: changes to a message's header, recorded and not made (RFC 5322):
 * they go into the envelope, and compose applies them to what leaves. What is
 * found, changed and deleted is the header as it will leave, so that every
 * stage sees what the one before has done. Pure: the header block is the
 * caller's.
 *
 * Nothing a script says can add a line that is no field: names and values
 * are checked, long values are folded.
 */
#ifndef EDITS_H
#define EDITS_H

#include "envelope.h"
#include "header.h"

#define EDITS_MAX      250   /* of one message */
#define EDITS_TEXT_MAX 65536 /* octets of one field */

struct edits {
	struct arena *arena; /* texts and the array live here */
	struct envelope_edit *v;
	size_t n, cap;
	unsigned long changes; /* counted: another one, another message */
};

/*
 * A new field in front of all others (EDIT_PREPEND) or behind them
 * (EDIT_APPEND). NULL, or what is wrong as a literal.
 */
const char *edits_add(struct edits *e, enum edit_kind kind, struct span name,
    struct span value);

/* The same for an edit of our own, which is right and counts against no
 * limit; its text lives as long as e->arena. EDIT_PREPEND: in front of all. */
void edits_put(struct edits *e, struct envelope_edit edit);

/* The value of the n-th field (from 1) of that name, in any case; false when
 * there is none. Folds stay in it. */
bool edits_find(const struct edits *e, struct span header, struct span name,
    unsigned n, struct span *value);

/* The fields of the header as it will leave, one after the other. */
struct edits_walk {
	const struct edits *e;
	struct span rest; /* of the message's header */
	enum edit_kind kind;
	size_t next;
	uint64_t number;
};

void edits_start(struct edits_walk *w, const struct edits *e,
    struct span header);
/* False at the end. */
bool edits_next(struct edits_walk *w, struct header_field *f);

/*
 * Gives the n-th field of that name another value, or takes it away; n 0
 * with delete means all of them. How many were changed goes to *count: 0
 * when there is none. NULL, or what is wrong.
 */
const char *edits_modify(struct edits *e, struct span header,
    struct span name, unsigned n, struct span value, unsigned *count);
const char *edits_delete(struct edits *e, struct span header,
    struct span name, unsigned n, unsigned *count);

#endif
