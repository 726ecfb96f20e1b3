/*
 * checkpw: the rooms of smtpe-checkpw, the one program that reads what proves
 * passwords. The session only sees its exit status.
 */
#ifndef CHECKPW_H
#define CHECKPW_H

#include "authusers.h"

/* checkpassword's exit statuses. */
#define CHECKPW_RIGHT  0
#define CHECKPW_WRONG  1
#define CHECKPW_MISUSE 2
#define CHECKPW_LATER  111

#define CHECKPW_FD    3
#define CHECKPW_INPUT 8192 /* octets on it */

/* The login's three fields, each followed by a NUL where it stands. */
struct checkpw_login {
	struct span user, password, third;
};

/* Does the password match the user's entry, or with cram the response
 * (third) to the challenge (password)? A status. */
int checkpw_password(struct authusers *u, const struct checkpw_login *l,
    bool cram);

/*
 * SCRAM-SHA-256 over CHECKPW_FD: the client's first message as a line, ours as
 * an answer, its final one, ours. A status; nothing is answered where it is
 * not CHECKPW_RIGHT.
 */
int checkpw_scram(struct authusers *u);

/* Logs why the file cannot be used: CHECKPW_LATER. */
int checkpw_trouble(struct buf *err);

#endif
