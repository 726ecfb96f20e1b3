/*
 * dot: the data between 354 and CRLF.CRLF, decoded (RFC 5321 4.5.2), pure.
 * Only CRLF.CRLF ends it and only CRLF ends a line: a bare CR, a bare LF or a
 * NUL never does, it is remembered so that the message is refused when its
 * end has come (SMTP smuggling, CVE-2023-51764 and its kin). The result does
 * not depend on how the octets are split.
 */
#ifndef DOT_H
#define DOT_H

#include "span.h"
#include <stdint.h>

struct dot {
	unsigned char state; /* private; 0 at the start */
	bool plain;	     /* set at the start: a dot means nothing, the end
			      * is known from elsewhere (RFC 3030 2) */
	bool ended;	     /* CRLF.CRLF has been seen */
	bool bare_cr, bare_lf, nul;
	uint64_t line;	     /* octets of the line being read */
	uint64_t longest;    /* octets of the longest line, without CRLF */
};

/*
 * Takes octets off *in and gives the next run of the message: true. False
 * when *in is used up or the end has come; what follows the end stays in
 * *in. A run borrows from *in, or is static.
 */
bool dot_next(struct dot *d, struct span *in, struct span *run);

/*
 * The end, where it is known from elsewhere: what was held back is decided.
 * Gives what is still to come, "" or the CRLF that the last line lacks.
 */
struct span dot_finish(struct dot *d);

#endif
