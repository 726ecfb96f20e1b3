/*
 * tls_key: a certificate chain and its private key, decoded once. Belongs to
 * the rooms that know BearSSL.
 */
#ifndef TLS_KEY_H
#define TLS_KEY_H

#include "arena.h"
#include "buf.h"
#include "x509.h"
#include <bearssl.h>

#define TLS_CHAIN    10	    /* certificates of one chain */
#define TLS_FILE_MAX 262144 /* octets of a file */

struct tls_pair {
	br_x509_certificate chain[TLS_CHAIN];
	size_t n;
	struct x509 leaf;      /* the first one; its key is ours, too */
	br_rsa_private_key rsa;
	br_ec_private_key ec;
};

/*
 * Certificates, the server's own first, from text (PEM) and the key from
 * another or the same: 0. NULL or what is wrong goes to *wrong, a literal: -1.
 * Everything decoded lives in a; text may go.
 */
int tls_pair_parse(struct tls_pair *p, struct span certificates,
    struct span key, struct arena *a, const char **wrong);

/*
 * The same from files; key NULL: it is in the same file. On -1 err has one
 * line: "FILE: what".
 */
int tls_pair_load(struct tls_pair *p, const char *certificates,
    const char *key, struct arena *a, struct buf *err);

/*
 * Signs a hash that was made with the function of this number (br_sha256_ID):
 * octets written to out, 0 when it cannot be done.
 */
size_t tls_pair_sign(const struct tls_pair *p, int id, const void *hash,
    size_t n, unsigned char *out, size_t max);

#endif
