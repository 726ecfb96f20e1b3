/*
 * auth_dialogue: the lines of an AUTH (RFC 4954 4): challenges, answers, "*"
 * and "=". What a client sends here is a secret: it is never logged, and it is
 * overwritten as soon as the command is done.
 */
#ifndef AUTH_DIALOGUE_H
#define AUTH_DIALOGUE_H

#include "auth.h"

struct dialogue {
	struct span argument; /* as sent */
	struct span line;     /* the same where it was read */
	struct span mechanism;
	enum auth_mechanism known;
	struct span initial; /* p NULL: none, or it is used up */
	struct span authzid; /* whom the client wants to act as; n 0: itself */
	struct span user, password;
	struct span challenge, response; /* of CRAM-MD5 */
};

/* Zeroes what a span borrows from. */
void dialogue_wipe(struct span s);

/*
 * Sends a challenge and reads the client's line into *line, which lives in
 * scratch. REPLY_NONE, or what ends the dialogue; s->ending may say so, too.
 */
struct reply dialogue_challenge(struct session *s, struct reply question,
    struct span *line);

/*
 * One line of the client's, decoded; the initial response if there is one.
 * question is base64 already.
 */
struct reply dialogue_ask(struct session *s, struct dialogue *d,
    struct span question, struct span *out);

/* Octets as base64, in scratch. */
struct span dialogue_encode(struct session *s, struct span text);

/* The whole of a mechanism that asks first and is checked then: fills in
 * user and password, or user, challenge and response. */
struct reply dialogue_plain(struct session *s, struct dialogue *d);
struct reply dialogue_login(struct session *s, struct dialogue *d);
struct reply dialogue_cram(struct session *s, struct dialogue *d);

#endif
