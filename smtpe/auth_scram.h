/* auth_scram: the dialogue of SCRAM-SHA-256 (RFC 7677, RFC 5802 in RFC 4954's
 * lines); smtpe-checkpw knows the verifiers and does the arithmetic. */
#ifndef AUTH_SCRAM_H
#define AUTH_SCRAM_H

#include "auth_dialogue.h"
#include "auth_source.h"

/* Sets d->user. *result is how it ended, unless the reply or s->ending says
 * so. */
struct reply auth_scram(struct session *s, struct dialogue *d,
    enum auth_result *result);

#endif
