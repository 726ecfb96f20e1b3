/*
 * auth_source: the programs that know passwords. smtpe itself never reads what
 * proves one: it writes the login to descriptor 3 of smtpe-checkpw or of the
 * command line's checkpassword program, and looks at how that ends. Each has
 * authtimeout for it.
 */
#ifndef AUTH_SOURCE_H
#define AUTH_SOURCE_H

#include "session.h"

enum auth_result {
	AUTH_YES,
	AUTH_NO,    /* 535 */
	AUTH_LATER, /* nobody can tell now: 454, and no other source is asked */
	AUTH_BAD,   /* 501: not what the mechanism wants */
};

/*
 * Asks those that there are, one after the other, until one says yes or
 * later. cram: secret is the challenge, third the response; else third is "".
 */
enum auth_result auth_source_ask(struct session *s, struct span user,
    struct span secret, struct span third, bool cram);

/* Appends the mechanisms that work for every user of authusers, as
 * smtpe-checkpw says them: AUTH_YES, or it cannot say. */
enum auth_result auth_source_mechanisms(struct session *s, struct buf *line);

/* Has every user of authusers a SCRAM verifier? Asked once. */
bool auth_source_has_scram(struct session *s);

/*
 * A conversation with smtpe-checkpw about SCRAM-SHA-256, a line at a time. The
 * texts hold no line end. fd -1: there is none.
 */
struct auth_scram {
	int fd;
	int pid;
};
int auth_scram_open(struct session *s, struct auth_scram *c);
/* Says one message and waits for the answer, which lives in scratch: AUTH_YES.
 * Any other result has ended the conversation. */
enum auth_result auth_scram_say(struct session *s, struct auth_scram *c,
    struct span text, struct span *answer);
/* How it ended: waits for its end. With kill it is ended now. */
enum auth_result auth_scram_close(struct session *s, struct auth_scram *c,
    bool kill);

#endif
