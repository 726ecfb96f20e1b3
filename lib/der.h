/*
 * der: ASN.1 as certificates and keys have it (X.690, DER), pure. Spans
 * borrow from what is read.
 */
#ifndef DER_H
#define DER_H

#include "span.h"

#define DER_BOOLEAN  0x01
#define DER_INTEGER  0x02
#define DER_BITS     0x03
#define DER_OCTETS   0x04
#define DER_OID	     0x06
#define DER_UTC_TIME 0x17
#define DER_TIME     0x18
#define DER_SEQUENCE 0x30
#define DER_SET	     0x31
#define DER_CONTEXT  0x80 /* with its number: [2] is DER_CONTEXT | 2 */
#define DER_INSIDE   0x20 /* a constructed one */

/*
 * Takes one element off the front of *s: its tag and content. False when there
 * is none or it is broken (*s is as it was): lengths of more than three
 * octets, indefinite ones and tags of more than one octet do not occur.
 */
bool der_next(struct span *s, unsigned *tag, struct span *content);

/* The same when the element has this tag, else false. */
bool der_take(struct span *s, unsigned tag, struct span *content);

/* The same with its head, for names and keys that are compared as a whole. */
bool der_take_whole(struct span *s, unsigned tag, struct span *whole);

/* A positive INTEGER without leading zeros. */
bool der_take_number(struct span *s, struct span *number);

#endif
