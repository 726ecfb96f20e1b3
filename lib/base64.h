/* base64: RFC 4648, with padding, pure. */
#ifndef BASE64_H
#define BASE64_H

#include "buf.h"

void base64_encode(struct span s, struct buf *out);
/* Strict: right padding, no blanks, no line ends. 0, or -1 (out as it was). */
int base64_decode(struct span s, struct buf *out);

#endif
