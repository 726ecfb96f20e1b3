/* sasl: the clients' messages of the small mechanisms, decoded, pure. What
 * checks a user or a password may read strings that end at a NUL: none is in
 * them. SCRAM's are scram.h's. */
#ifndef SASL_H
#define SASL_H

#include "span.h"

#define SASL_CRAM_RESPONSE 32 /* octets: an MD5 digest in hexadecimal */

/* RFC 4616 2: [authzid] NUL authcid NUL passwd; authcid is not empty. */
bool sasl_parse_plain(struct span text, struct span *authzid,
    struct span *user, struct span *password);

/* RFC 2195 2: a user, a blank, and the response; the user may hold blanks. */
bool sasl_parse_cram(struct span text, struct span *user,
    struct span *response);

/* LOGIN's user. */
bool sasl_is_user(struct span text);
bool sasl_is_password(struct span text);

#endif
