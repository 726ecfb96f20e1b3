/*
 * tls_server: our side of TLS as a server: which certificate, which session,
 * whose client. One conversation of a process. Nothing is read before
 * tls_server_usable(), and no key but the one that is used.
 */
#ifndef TLS_SERVER_H
#define TLS_SERVER_H

#include "tls.h"

/* All of it is the caller's, and lives as long as the process. */
struct tls_server_config {
	/* Files of certificate chains, and of their keys in the same order;
	 * where there is none the key is in the chain's file. */
	const struct span *certs, *keys;
	size_t ncerts, nkeys;
	const char *dir;      /* of tlscerts/ and tlscerts.cdb, by name */
	const char *clientca; /* whose certificates clients may show; NULL */
	const char *cache;    /* tls_cache.h; NULL: none */
};

/*
 * Is there a certificate that we can use? Looks at one after the other until
 * one is good; what is wrong with the others, and with the rest of the
 * settings, is one log line each, once. Asked again it costs nothing while
 * the settings stay.
 */
bool tls_server_usable(const struct tls_server_config *c);

/* The same for each of them and for those by name, with err instead of the
 * log, and whether they are valid now: for --check. */
bool tls_server_check(const struct tls_server_config *c, struct buf *err);

/* Ready for tls_handshake(). It was usable. */
struct tls *tls_server_start(const struct tls_server_config *c);

/* What a handshake has shown. */
struct tls_server_facts {
	struct span protocol, cipher;
	struct span sni;  /* in lower case; p NULL: none */
	struct span peer; /* of a client certificate that was verified: x509_name();
			   * p NULL: none was shown, or none that counts */
	int bits;
	bool resumed;
};
void tls_server_facts(struct tls_server_facts *out);

#endif
