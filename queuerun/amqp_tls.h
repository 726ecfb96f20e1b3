/*
 * amqp_tls: amqps. The handshake is made here, with its deadline and its
 * reasons; then a process of its own, which holds nothing but two sockets,
 * carries the octets, so that everybody else reads and writes a plain socket
 * as without TLS. TLS 1.2 or newer; the broker's certificate and name are
 * always verified. OpenSSL does the work: rabbitmq-c has brought it along.
 */
#ifndef AMQP_TLS_H
#define AMQP_TLS_H

#include "clock.h"
#include "span.h"

struct amqp_tls {
	const char *ca;	  /* PEM bundle; NULL: the system's */
	const char *cert; /* our certificate and chain, PEM; NULL: none */
	const char *key;  /* its key, PEM; NULL: in the same file */
};

/*
 * Makes fd, a connected non-blocking socket, one end of a TLS connection to
 * host (a name or an IP address): the descriptor to use in its place, or -1
 * and why, a text that lives until the next call. fd is closed either way.
 */
int amqp_tls_start(const struct amqp_tls *tls, int fd, const char *host,
    clock_ms deadline, const char **why);

#endif
