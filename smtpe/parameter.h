/*
 * parameter: the keyword=value list of MAIL and RCPT (RFC 5321 4.1.2). An
 * extension adds a row to its verb's table. Each may be given once: nobody
 * could say which of two counts (RFC 3461 4.5).
 */
#ifndef PARAMETER_H
#define PARAMETER_H

#include "session.h"

struct parameter {
	struct span keyword;   /* p NULL ends the table; at most 32 rows */
	struct span extension; /* that must be offered for it; p NULL: none */
	/* value is empty for "KEY". */
	struct reply (*parse)(struct session *s, struct span value);
};

/* REPLY_NONE, or 501 for syntax and 555 for what nobody knows
 * (RFC 5321 4.1.1.11). */
struct reply parameter_parse(struct session *s, const struct parameter *table,
    struct span text);

/* What a parser of lib/ said of the value of keyword: REPLY_NONE for NULL. */
struct reply parameter_checked(struct session *s, const char *keyword,
    const char *wrong);

#endif
