/* secure: how much TLS is asked of another server, as a word of a setting.
 * Pure. */
#ifndef SECURE_H
#define SECURE_H

#include "span.h"

/* Each asks for more than the one before. */
enum secure {
	SECURE_NONE,
	SECURE_MAY,	/* where it is offered; when it fails there, another
			 * connection goes without */
	SECURE_REQUIRE, /* or nothing is sent, whoever it is */
	SECURE_VERIFY,	/* and the certificate proves the name */
};

/* "none", "may", "require", "verify": 0, or -1. */
int secure_parse(struct span word, enum secure *out);

#endif
