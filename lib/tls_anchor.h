/*
 * tls_anchor: one trusted public key as octets, for tls_ca's table, and back;
 * where the issuer's name stands in a certificate. Pure; for the tls_*.c
 * rooms alone.
 *
 * An anchor is: its kind (1 RSA, 2 EC), 1 for a CA or 0, and two numbers, each
 * behind its length in two octets: modulus and exponent, or the curve's number
 * and the point.
 */
#ifndef TLS_ANCHOR_H
#define TLS_ANCHOR_H

#include "buf.h"
#include "arena.h"
#include "tls_engine.h"

#define TLS_ANCHORS 4 /* keys of one name */

/* Appends: 0, or -1 for a key of a kind we do not know. */
int tls_anchor_put(struct buf *out, const br_x509_pkey *key, bool ca);

/* The anchors of a value, named dn; they borrow from both. Their number; -1
 * when the value is damaged. More than TLS_ANCHORS are left out. */
int tls_anchor_parse(struct span value, struct span dn,
    br_x509_trust_anchor v[TLS_ANCHORS]);

/* SHA-256 of a name. */
void tls_anchor_key(struct span dn, unsigned char key[32]);

/*
 * The issuer's name, whole with its tag, in a certificate of which the first
 * octets are known: 1; 0 when more is needed; -1 when it is no certificate.
 */
int tls_anchor_issuer(struct span der, struct span *issuer);

#endif
