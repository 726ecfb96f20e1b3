/*
 * tls_ca: whom we trust to sign certificates, as a table (cdb) that is made
 * once from a bundle of PEM files and asked only for the issuers of the chain
 * at hand: microseconds, where reading the bundle takes 34 ms.
 *
 * A key is the SHA-256 of a subject's distinguished name, as encoded; the
 * value is the public keys of that name, one behind the other.
 */
#ifndef TLS_CA_H
#define TLS_CA_H

#include "cdbmap.h"

#define TLS_CA_KEY  32
#define TLS_CA_FILE "tlsca.cdb" /* in the control directory */

struct tls_ca {
	struct cdbmap table; /* path is the caller's */
};

/* 0, or -1 and errno: the table cannot be read; ENOENT: there is none. */
int tls_ca_open(struct tls_ca *ca);

/* --- tls_ca_make.c: for the program that makes the table --- */

struct tls_ca_entry {
	struct span key, value;
};

struct tls_ca_list {
	struct tls_ca_entry *v;
	size_t n, cap;
	size_t certificates; /* that were taken */
	size_t lines;	     /* that were read, when something is wrong */
};

/*
 * Adds the certificates of a PEM text; other blocks and what stands between
 * them are passed over. Certificates that BearSSL can do nothing with (an
 * unknown kind of key) are told to skipped() with their line. NULL, or what
 * is wrong in line l->lines. Everything lives in a.
 */
const char *tls_ca_add(struct tls_ca_list *l, struct span pem,
    struct arena *a,
    void (*skipped)(void *state, size_t line, const char *why), void *state);

#endif
