/*
 * tls: TLS 1.2 by BearSSL over an open conversation (io.h), server or client
 * alike: handshake, reading, writing, close_notify, all under the deadlines of
 * the conversation. tls_engine.h makes one; afterwards io_read_line(),
 * io_write() and the rest work as before and nobody above has to know.
 *
 * Only ECDHE with AES-GCM or ChaCha20, over X25519 or P-256; no renegotiation,
 * no compression. Nothing here asks for memory, and nothing exists before a
 * handshake begins.
 */
#ifndef TLS_H
#define TLS_H

#include "io.h"

struct tls;

/* What to do with what the peer sent before the handshake. */
enum tls_early {
	TLS_FORGET, /* STARTTLS: it was not protected, nobody may ever see it
		     * (CVE-2011-0411) */
	TLS_TAKE,   /* it is the peer's first record, read by whoever was
		     * there before us */
};

/*
 * Shakes hands within io's command and session deadline and takes the place of
 * its transport: 0. -1 and errno: EPROTO when TLS itself failed (tls_error()),
 * ECONNRESET when the peer went away in between, else as io_fill(). After a
 * failure nothing more can be said to the peer; io->error is set.
 */
int tls_handshake(struct tls *t, struct io *io, enum tls_early early);

/*
 * Flushes and says close_notify. What the peer still sends can be read, as it
 * is, and thrown away; nothing can be said any more (EPIPE). Does not wait for
 * the peer's close_notify (RFC 5246 7.2.1).
 */
void tls_close(struct tls *t, struct io *io);

/* Is it being used right now (by who was interrupted)? Then nothing can be
 * written through it. */
bool tls_busy(const struct tls *t);

/* Why it failed, BearSSL's number; 0: it did not. */
int tls_error(const struct tls *t);
/* In words: "bad Finished", "the peer says: unknown CA"; until the next call. */
const char *tls_strerror(int error);

/* "TLSv1.2", and the suite as RFC 5246 and OpenSSL name it. Static. */
const char *tls_protocol(const struct tls *t);
const char *tls_cipher(const struct tls *t);
/* Bits of the cipher's key. */
int tls_bits(const struct tls *t);

#endif
