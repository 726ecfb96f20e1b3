/*
 * access_walk: the keys under which a cdb of the access table may know a
 * client, in the order of access_key_rank(). Pure.
 */
#ifndef ACCESS_WALK_H
#define ACCESS_WALK_H

#include "access_key.h"

/*
 * The lengths of the networks of one family that a table has: its record "/"
 * ("4/8 4/24 6/32"), which smtpe-cdb makes, so that nobody looks for others.
 */
struct access_lengths {
	bool has[129];
};
#define ACCESS_LENGTHS_KEY "/"

/* 0, or -1. family: AF_INET or AF_INET6. */
int access_lengths_parse(struct span s, int family, struct access_lengths *out);
void access_lengths_format(const struct access_lengths *v4,
    const struct access_lengths *v6, struct buf *out);

/* A zeroed one begins; lengths may be set, else all are looked for. */
struct access_walk {
	enum {
		WALK_START,
		WALK_ADDRESS,
		WALK_NAME,
		WALK_NETS,
		WALK_SUFFIXES,
		WALK_NAMED,
		WALK_EVERYBODY,
		WALK_END,
	} phase;
	const struct access_lengths *lengths;
	unsigned variant; /* with the listener, as "192.0.2.", without */
	unsigned bits;	  /* of the network at hand */
	size_t dot, next; /* the suffix at hand, and where to look on */
};

/*
 * The next key; false behind the last. listener is the suffix of the listener
 * that has a line of its own ("@587"), or empty: each key is then given with it
 * and without.
 */
bool access_walk_next(struct access_walk *w, const struct access_client *c,
    struct span listener, struct buf *key);

/* The listener's own keys in the order of their rank: which is 0, 1, 2. false:
 * there is none like this. */
bool access_walk_listener(const struct access_client *c, unsigned which,
    struct buf *key);

#endif
