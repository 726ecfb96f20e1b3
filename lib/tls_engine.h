/*
 * tls_engine: what makes a struct tls, for the tls_*.c rooms alone: they are
 * the only ones that know BearSSL.
 *
 *	br_ssl_client_zero(&c->context);
 *	tls_prepare(&c->tls, &c->context.eng);
 *	... what a client or a server needs beside that ...
 *	br_ssl_client_reset(&c->context, name, 0);
 *	tls_handshake(&c->tls, io, TLS_FORGET);
 */
#ifndef TLS_ENGINE_H
#define TLS_ENGINE_H

#include "tls.h"
#include <bearssl.h>

#define TLS_AHEAD 16384 /* octets that are read beyond a record */

/* Large, and touched only as far as it is used: static, or zeroed memory that
 * lives as long as the conversation. */
struct tls {
	br_ssl_engine_context *engine;
	bool busy;
	size_t ahead_pos, ahead_end;
	unsigned char ahead[TLS_AHEAD];
	unsigned char out[BR_SSL_BUFSIZE_OUTPUT];
	unsigned char in[BR_SSL_BUFSIZE_INPUT];
};

/*
 * Gives a zeroed context versions, suites, curves, hashes, implementations,
 * buffers and randomness (getrandom(2)). Verification of the peer's
 * certificate, keys and names are the caller's.
 */
void tls_prepare(struct tls *t, br_ssl_engine_context *engine);

/*
 * ECDSA with every curve we know: certificates have P-384 and P-521 too, only
 * the key exchange does not. ec is ignored. For x509 engines: with
 * br_ec_get_default().
 */
uint32_t tls_ecdsa_verify(const br_ec_impl *ec, const void *hash, size_t n,
    const br_ec_public_key *key, const void *sig, size_t sign);

#endif
