/* pem: certificates and keys as text (RFC 7468), pure. */
#ifndef PEM_H
#define PEM_H

#include "buf.h"

/*
 * The next block of *rest, which moves behind it: 1, with its label
 * ("CERTIFICATE", borrowed) and its octets appended to der. 0 when there is
 * none any more; text between blocks is skipped. -1 when a block has no end or
 * is not base64, as one that is encrypted the old way (RFC 1421).
 */
int pem_next(struct span *rest, struct span *label, struct buf *der);

#endif
