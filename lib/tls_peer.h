/*
 * tls_peer: certificates that clients show. Each client may have none, and one
 * that nobody we trust has signed counts as none.
 */
#ifndef TLS_PEER_H
#define TLS_PEER_H

#include "buf.h"
#include "x509.h"
#include <bearssl.h>

#define TLS_ANCHORS   64    /* CAs of one file */
#define TLS_LEAF_MAX  16384 /* octets of a client's certificate */

struct tls_peer {
	const br_x509_class *vtable;
	br_x509_minimal_context minimal;
	bool verified;	/* the chain is good; that the client has the key,
			 * too, is known when the handshake is over */
	bool first;	/* the client's own certificate is coming in */
	size_t n;
	unsigned char leaf[TLS_LEAF_MAX];
};

/* Reads the file of CAs: 0, or -1 with "FILE: what" in err. */
int tls_peer_load(const char *path, struct buf *err);

/* Lets the server ask for certificates of those that were loaded. */
void tls_peer_ask(struct tls_peer *p, br_ssl_server_context *cc);

/* The name of the verified client (x509_name()); p NULL: none. */
struct span tls_peer_name(const struct tls_peer *p);

#endif
