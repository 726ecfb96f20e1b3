/*
 * access_rule: what a line of the access table says. Pure.
 *
 *	allow,RELAYCLIENT="",databytes="1000000"
 *	deny                      silently
 *	deny="554 5.7.1 Go away"  with these words; without a code 554 5.7.1
 *	(empty)                   nothing: the search goes on
 *
 * Values stand between two equal octets that are no letter or digit, as for
 * tcprules(1), or end at the next comma.
 */
#ifndef ACCESS_RULE_H
#define ACCESS_RULE_H

#include "reply.h"

struct access_rule {
	enum { ACCESS_NOTHING, ACCESS_ALLOW, ACCESS_DENY } word;
	struct span text;     /* deny's, p NULL: silently */
	struct span settings; /* the rest of the line, for next() */
};

/* NULL, or what is wrong with it: all of it is looked at. Borrows from s. */
const char *access_rule_parse(struct span s, struct access_rule *r);

/* The next setting of a rule that was parsed; false at the end. */
bool access_rule_next(struct span *settings, struct span *name,
    struct span *value);

/* A denial's words as a reply: NULL, or what is wrong with them. Borrows from
 * store. */
const char *access_rule_reply(struct span text, struct buf *store,
    struct reply *r);

#endif
