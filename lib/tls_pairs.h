/*
 * tls_pairs: our certificates: those of the settings and those by name. Each
 * is read when somebody wants it, once.
 */
#ifndef TLS_PAIRS_H
#define TLS_PAIRS_H

#include "tls_key.h"
#include "tls_server.h"

/* More would be read one after the other for a client that fits none. */
#define TLS_PAIRS 16

/* Takes the settings; what was read for others is forgotten. */
void tls_pairs_use(const struct tls_server_config *c);
/* Are these the ones in use? */
bool tls_pairs_same(const struct tls_server_config *c);

/* The i-th of the settings, or NULL: it cannot be used, which is in the log,
 * or there is none. */
const struct tls_pair *tls_pairs_get(size_t i);
size_t tls_pairs_count(void);

/*
 * The one for a host: of the i-th place where one may be. NULL when there is
 * none there or it cannot be used (the log says why).
 */
#define TLS_PLACES 8
const struct tls_pair *tls_pairs_named(struct span host, size_t i);

#endif
