/*
 * dns_question: the list of questions that dns.h speaks of, and what may be
 * asked at all. For dns.c, which sends them; nothing is sent here.
 */
#ifndef DNS_QUESTION_H
#define DNS_QUESTION_H

#include "dns.h"

/*
 * The name to ask for, with its root dot and an address turned round for PTR,
 * in d's arena: 0, or -1 when it cannot be sent as it is.
 */
int dns_question_name(struct dns *d, unsigned type, struct span asked,
    struct span *name);

/* One more at the end of the list, not answered; full is d's already. */
struct dns_query *dns_question_add(struct dns *d, unsigned class,
    unsigned type, struct span asked, struct span full);

/* Is one answered and not taken? */
bool dns_something_new(const struct dns *d);

#endif
