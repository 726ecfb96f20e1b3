/*
 * digest: the keyed hashes that passwords are proved with: HMAC, PBKDF2
 * (RFC 8018 5.2), CRAM-MD5's keys; comparisons that take the same time
 * whatever differs; random octets; forgetting. BearSSL does the arithmetic,
 * in constant time.
 */
#ifndef DIGEST_H
#define DIGEST_H

#include "span.h"
#include <stdint.h>

#define DIGEST_SHA256 32
#define DIGEST_MD5    16

void digest_sha256(struct span text, unsigned char out[DIGEST_SHA256]);
void digest_hmac_sha256(struct span key, struct span text,
    unsigned char out[DIGEST_SHA256]);

/* PBKDF2 with HMAC-SHA-256 and one block of output: iterations > 0. */
void digest_pbkdf2(struct span password, struct span salt,
    uint32_t iterations, unsigned char out[DIGEST_SHA256]);

/*
 * What HMAC-MD5 needs of a password: the states behind its two padded keys,
 * little-endian. It is all that CRAM-MD5 wants, so it is as good as the
 * password there, and nowhere else.
 */
struct digest_md5_key {
	unsigned char outer[DIGEST_MD5], inner[DIGEST_MD5];
};
void digest_md5_key(struct span password, struct digest_md5_key *key);
void digest_hmac_md5(const struct digest_md5_key *key, struct span text,
    unsigned char out[DIGEST_MD5]);

/* Are they the same? In a time that only n decides. */
bool digest_equal(const void *a, const void *b, size_t n);

/* Never fails (die_temp). */
void digest_random(void *p, size_t n);

/* Nobody reads it again. */
void digest_wipe(void *p, size_t n);

/* HMACs that PBKDF2 has made in this process: the work done, for tests. */
extern uint64_t digest_work;

#endif
