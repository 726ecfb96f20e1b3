/*
 * idna: domain names beyond ASCII as the DNS and certificates want them: each
 * label in its ASCII form, "xn--..." (RFC 5890 2.3.2.1, RFC 3492). Pure. ASCII
 * is brought to lower case, nothing else is mapped: what is no U-label has no
 * entry in the DNS either.
 */
#ifndef IDNA_H
#define IDNA_H

#include "buf.h"

/*
 * Appends the ASCII form of a name: 0; -1 (out as it was) when it is not
 * UTF-8, or a label becomes longer than 63 octets. Names in ASCII stay as they
 * are, but for case.
 */
int idna_to_ascii(struct span name, struct buf *out);

#endif
