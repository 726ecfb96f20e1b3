/*
 * ops_select: which entries a verb is about: ids, and selectors that all have
 * to match. Looks at entries without their locks.
 */
#ifndef OPS_SELECT_H
#define OPS_SELECT_H

#include "ops.h"

struct selection {
	/* NULL, 0 or -1: any */
	const char *sender, *recipient, *domain, *queue, *state;
	int64_t older, younger;	 /* seconds */
	int64_t larger, smaller; /* octets */
	const char **ids;
	size_t nids;
	bool some; /* a selector was given */
	bool yes;  /* --yes */
};

/*
 * Reads the words behind a verb: "--sender PATTERN", "--age +2h", "--id ID",
 * "--yes", ids; what is none of them is given back in rest. Ends (die_perm)
 * on a wrong one. ids are allocated, with room for rest.
 */
void selection_parse(struct selection *s, const char *const *args,
    size_t nargs, const char **rest, size_t *nrest);

/* Does the entry match? One that is damaged matches a state alone. */
bool selection_match(const struct selection *s, const struct ops_entry *e,
    int64_t now);

/*
 * The ids of all entries that match, for a verb that changes them: *ids, in
 * o->arena, or s->ids when no selector was given. When selectors found more
 * than one the user is asked, or --yes must have been given: else ends
 * (die_perm).
 */
size_t selection_ids(struct ops *o, const struct selection *s,
    const char *verb, const char *const **ids);

/* Every entry in any state, by name. */
void ops_scan_everything(struct ops *o, struct queue_names *names);

#endif
