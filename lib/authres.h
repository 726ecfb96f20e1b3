/*
 * authres: the field Authentication-Results (RFC 8601), pure: who says so.
 */
#ifndef AUTHRES_H
#define AUTHRES_H

#include "span.h"

/*
 * Does a field's value (folds in it) bear this authserv-id (RFC 8601 2.2)?
 * Comments before it are skipped, quotes around it undone; without regard to
 * case.
 */
bool authres_is_from(struct span value, struct span id);

#endif
