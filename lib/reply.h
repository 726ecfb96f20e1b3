/*
 * reply: an SMTP reply as a value (RFC 5321 4.2). Verbs and hooks return one;
 * only the session's one speaking place turns it into octets.
 */
#ifndef REPLY_H
#define REPLY_H

#include "buf.h"

struct reply {
	int code;	      /* 200..599; 0: nobody has an opinion yet */
	const char *enhanced; /* "5.1.1" (RFC 3463), in front of each line;
			       * NULL: none */
	struct span text;     /* one line, or several divided by '\n' */
	bool drop;	      /* close the connection after it */
};

#define REPLY_NONE ((struct reply){0})

#define REPLY_MAX      65536 /* octets of a script's reply */
#define REPLY_LINE_MAX 998   /* octets of one line of it */

/* A reply with a literal text. */
#define REPLY(code, enhanced, literal)                                        \
	((struct reply){(code), (enhanced), SPAN(literal), false})

static inline bool
reply_positive(struct reply r)
{
	return r.code >= 200 && r.code < 300;
}

/*
 * A reply that a script wrote: lines "ddd text", "ddd-text" or "ddd" with
 * one code of 200..599, divided by CRLF, the last CRLF optional. No NUL, no
 * bare CR or LF, no other controls but tab; at most REPLY_MAX octets in
 * lines of REPLY_LINE_MAX. The text is put into *store (reset first), which r->text
 * borrows; r->enhanced is NULL: an enhanced code in the text is text.
 * Returns NULL, or what is wrong with it as a literal ("no code", ...).
 */
const char *reply_parse(struct span s, struct buf *store, struct reply *r);

/*
 * Appends r in the form that goes over the wire. Always exactly one
 * well-formed reply: controls in the text become '?', lines that are too
 * long are broken, an empty text becomes one empty line.
 */
void reply_format(struct reply r, struct buf *out);

/* The enhanced code's general form for a code: "2.0.0", "4.3.0", "5.0.0". */
const char *reply_enhanced_default(int code);

/* Is s an enhanced status code, class 2, 4 or 5, "d.ddd.ddd"? */
bool reply_enhanced_valid(struct span s);

#endif
