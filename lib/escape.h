/*
 * escape: percent-escapes that make any octets one word without blanks, for
 * the queue's trailers and histories and for job lines. Pure.
 */
#ifndef ESCAPE_H
#define ESCAPE_H

#include "arena.h"
#include "buf.h"

/*
 * Percent-escapes everything up to 0x20, 0x7f and '%': one word without
 * blanks, for trailers, job lines and history. Appends.
 */
void escape_put(struct buf *out, struct span s);
/* Undoes it, in a (or as it is, when there is nothing to undo); -1 for a '%'
 * without two digits. */
int escape_undo(struct span s, struct arena *a, struct span *out);
/* The same with another octet for the '%': xtext's '+' (RFC 3461 4). */
int escape_undo_mark(char mark, struct span s, struct arena *a,
    struct span *out);

#endif
