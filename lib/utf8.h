/* utf8: well-formed or not (RFC 3629), pure. Nothing is normalised. */
#ifndef UTF8_H
#define UTF8_H

#include "buf.h"

/*
 * Octets of the character that s begins with, 1 to 4; 0 when it is not
 * well-formed (overlong, surrogate, past U+10FFFF, cut off) or s is empty.
 */
size_t utf8_length(struct span s);

/* Well-formed UTF-8: no overlongs, no surrogates, nothing past U+10FFFF. */
bool utf8_valid(struct span s);

/* Some octet is not ASCII. */
bool utf8_needed(struct span s);

/* The code point that s begins with; n is utf8_length(s), not 0. */
unsigned utf8_point(struct span s, size_t n);

/*
 * Appends s for those who can only have ASCII: other characters as \x{F6}
 * (the form of RFC 6533 3), octets that are none as '?'.
 */
void utf8_put_ascii(struct buf *out, struct span s);

#endif
