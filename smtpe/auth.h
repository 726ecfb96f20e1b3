/* auth: when AUTH is possible, for EHLO and for the verb. */
#ifndef AUTH_H
#define AUTH_H

#include "session.h"

/* Is there anybody who knows passwords? */
bool auth_configured(const struct session *s);
/* Is what the client says read by nobody else on its way? */
bool auth_encrypted(const struct session *s);
/* Without encryption only where authplain says so: 1, or the client's
 * network. */
bool auth_allowed(const struct session *s);

#endif
