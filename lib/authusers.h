/*
 * authusers: the file of user names and what proves their passwords
 * (smtpe-checkpw(8)): lines "user:entry entry ...", and FILE.cdb with the same
 * as key and value. An entry is a crypt(3) hash, a SCRAM-SHA-256 verifier
 * (scram.h), or CRAM-MD5's keys; which one a word is its beginning tells.
 *
 * For a name that is not there, find gives another one's entry and says so:
 * whoever checks does the same work and has the same to say. The stranger's
 * entry is chosen by the name, so that it is the same each time, among the
 * first AUTHUSERS_SAMPLES of the file.
 */
#ifndef AUTHUSERS_H
#define AUTHUSERS_H

#include "cdbmap.h"
#include "digest.h"
#include "scram.h"

#define AUTHUSERS_MAX	  (4u << 20) /* octets of the text file */
#define AUTHUSERS_SAMPLES 16
#define AUTHUSERS_NAME	  255 /* octets of a user's name */
#define CRAM_PREFIX	  "CRAM-MD5$"

/* What an entry is good for, bits. */
#define AUTHUSERS_PASSWORD 1u /* PLAIN, LOGIN: every entry */
#define AUTHUSERS_SCRAM	   2u
#define AUTHUSERS_CRAM	   4u

struct authusers {
	const char *path; /* the caller's */
	struct arena arena;
	struct buf text;
	struct cdbmap cdb;
	struct span samples[AUTHUSERS_SAMPLES]; /* values: "entry entry" */
	size_t nsamples;
	unsigned every; /* what all of them are good for */
	bool nobody;	/* there is no user */
};

/*
 * Reads the text, opens the table. 0; or -1 with one line in err that names
 * file and line and no secret: neither is there, one cannot be read, may be
 * written by everybody, or holds what is no entry.
 */
int authusers_open(struct authusers *u, const char *path, struct buf *err);

/*
 * The entry of a user that is good for use (one bit): 1. 0 when there is none,
 * and then *entry is a stranger's, or p NULL when nobody has one. -1 and err.
 */
int authusers_find(struct authusers *u, struct span user, unsigned use,
    struct span *entry, struct buf *err);

/* A stranger's verifier for a user who has none: same iterations, and a salt
 * of the name's own. */
void authusers_disguise(struct span user, struct scram_verifier *v);

/* What one word is good for, bits; 0: a locked one ("!", "*"), or none. */
unsigned authusers_use(struct span word);

/* A name that a line can hold. */
bool authusers_name_valid(struct span user);

/* "CRAM-MD5$" and 64 hexadecimal digits. */
int authusers_parse_cram(struct span word, struct digest_md5_key *key);
void authusers_put_cram(const struct digest_md5_key *key, struct buf *out);

/* The text's lines: the first that is no entry is named in err, and -1; the
 * next user of a text that has none such, false at the end. */
int authusers_check(const char *path, struct span text, struct buf *err);
bool authusers_next(struct span *rest, struct span *user, struct span *value);

void authusers_close(struct authusers *u);

#endif
