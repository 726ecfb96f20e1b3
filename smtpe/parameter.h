/*
 * parameter: the keyword=value list of MAIL and RCPT (RFC 5321 4.1.2). An
 * extension adds a row to its verb's table.
 */
#ifndef PARAMETER_H
#define PARAMETER_H

#include "session.h"

struct parameter {
	struct span keyword; /* p NULL ends the table */
	/* value is empty both for "KEY=" and for "KEY". */
	struct reply (*parse)(struct session *s, struct span value);
};

/* REPLY_NONE, or 501 for syntax and 555 for what nobody knows
 * (RFC 5321 4.1.1.11). */
struct reply parameter_parse(struct session *s, const struct parameter *table,
    struct span text);

#endif
