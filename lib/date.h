/*
 * date: reading dates, pure. Writing them is clock's.
 */
#ifndef DATE_H
#define DATE_H

#include "span.h"
#include <stdint.h>

/*
 * Unix seconds of
 *	"Fri, 20 Nov 2026 09:44:42 +0000"  RFC 5322 3.3, with comments, and
 *					   4.3: years of two or three digits,
 *					   names of zones
 *	"2026-11-20T09:44:42.5+01:00"	   RFC 3339 5.6
 * The name of the day is read and not checked; a fraction is cut; the second
 * 60 is the one after. 0, or -1 with *out as it was.
 */
int date_parse(struct span s, int64_t *out);

#endif
