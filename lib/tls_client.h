/*
 * tls_client: our side of TLS as a client: to anybody (against those who only
 * listen), or to a server whose certificate proves its name.
 *
 *	t = tls_client_new();
 *	if ((tls = tls_client_start(t, name, &ca)) != NULL)
 *		tls_handshake(tls, io, TLS_FORGET);	tls.h
 *	tls_client_free(t);
 */
#ifndef TLS_CLIENT_H
#define TLS_CLIENT_H

#include "tls.h"
#include "tls_ca.h"

struct tls_client;

/* Large; in pages of its own, which are touched as they are used. Never NULL
 * (die_temp). */
struct tls_client *tls_client_new(void);
void tls_client_free(struct tls_client *t);

/*
 * Ready for a handshake with the server called name, without root dot (it is
 * said to the server, unless it is an address or ""). With ca the server's
 * certificate must lead to one of these, be in its time and be for that name;
 * without, any will do. NULL and errno: EINVAL when a name that is none is to
 * be proven, else what kept the table from being read (ENOENT: it does not
 * exist). ca is borrowed for as long as the handshake lasts.
 */
struct tls *tls_client_start(struct tls_client *t, struct span name,
    struct tls_ca *ca);

#endif
