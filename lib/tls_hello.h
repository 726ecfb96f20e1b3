/*
 * tls_hello: the server name in a ClientHello (RFC 5246 7.4.1.2, RFC 6066 3),
 * pure. BearSSL asks about resumption before it has read that far, and a
 * session must not be resumed for another name.
 */
#ifndef TLS_HELLO_H
#define TLS_HELLO_H

#include "span.h"

/*
 * rest is what follows the session id. True, with the name ("" when there is
 * none), or false when the message is not all there or broken.
 */
bool tls_hello_name(struct span rest, struct span *name);

/*
 * A server name as we use it: copied to out in lower case, without the root
 * dot, its length returned. 0 for what is none: addresses, and whatever could
 * leave its place in a path.
 */
#define TLS_NAME 256
size_t tls_hello_clean(struct span name, char out[TLS_NAME]);

#endif
