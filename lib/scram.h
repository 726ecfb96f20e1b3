/*
 * scram: SCRAM-SHA-256's server side (RFC 5802, RFC 7677), pure: its messages
 * are parsed and made here, and proofs and passwords are held against a
 * verifier. A verifier is what a server keeps instead of a password; who has
 * it can play the server, not the client.
 *
 * No channel binding: flag "p" is an error. Of SASLprep (RFC 4013) there is
 * the part that ASCII needs: names with controls or bad UTF-8 are refused,
 * everything else is compared octet by octet.
 */
#ifndef SCRAM_H
#define SCRAM_H

#include "arena.h"
#include "buf.h"
#include "digest.h"

#define SCRAM_SALT_MAX	     64
#define SCRAM_ITERATIONS_MIN 4096 /* RFC 7677 4 */
#define SCRAM_ITERATIONS_MAX 10000000
#define SCRAM_MESSAGE_MAX    2048 /* octets of a client's message */
#define SCRAM_PREFIX	     "SCRAM-SHA-256$"

struct scram_verifier {
	uint32_t iterations;
	size_t nsalt;
	unsigned char salt[SCRAM_SALT_MAX];
	unsigned char stored[DIGEST_SHA256]; /* StoredKey */
	unsigned char server[DIGEST_SHA256]; /* ServerKey */
};

/*
 * "SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey", base64, as PostgreSQL
 * writes them, too. NULL, or what is wrong as a literal.
 */
const char *scram_parse(struct span text, struct scram_verifier *v);
void scram_format(const struct scram_verifier *v, struct buf *out);

/* The keys of a password, with v's salt and iterations. */
void scram_make(struct span password, struct scram_verifier *v);
/* Is it the password? */
bool scram_is_password(struct span password, const struct scram_verifier *v);

/* A name or password that SASLprep would not refuse. */
bool scram_is_text(struct span s);

/* The client's first message; all borrows from it or lives in the arena. */
struct scram_first {
	struct span header;  /* gs2-header: "n,," or "y,a=zoe," */
	struct span authzid; /* p NULL: none */
	struct span bare;    /* what follows the header */
	struct span user;
	struct span nonce;   /* the client's */
};

/* NULL, or what is wrong as a literal. */
const char *scram_parse_first(struct span message, struct arena *a,
    struct scram_first *f);

/* Appends the server's first message. nonce is our part of it: printable, no
 * comma (RFC 5802 5.1). */
void scram_put_first(const struct scram_first *f, struct span nonce,
    const struct scram_verifier *v, struct buf *out);

enum scram_end {
	SCRAM_RIGHT,
	SCRAM_WRONG, /* the proof does not prove it */
	SCRAM_BAD,   /* no client-final-message, or not to our question */
};

/*
 * The client's final message against server_first, as scram_put_first() made
 * it. The server's final message is appended to out when it is right.
 */
enum scram_end scram_final(const struct scram_first *f,
    struct span server_first, const struct scram_verifier *v,
    struct span message, struct buf *out);

#endif
