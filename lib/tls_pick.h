/* tls_pick: which certificate and suite a client gets, and signing with its
 * key: BearSSL's server policy. */
#ifndef TLS_PICK_H
#define TLS_PICK_H

#include "tls_hello.h"
#include "tls_key.h"

struct tls_pick {
	const br_ssl_server_policy_class *vtable;
	const struct tls_pair *pair; /* the chosen one; NULL: a session was
				      * resumed, or nothing fits */
	char host[TLS_NAME];	     /* the server name, clean */
	size_t host_n;
};

extern const br_ssl_server_policy_class tls_pick_class;

#endif
