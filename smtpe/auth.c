/* auth: see auth.h. */
#include "auth.h"
#include "peer.h"

bool
auth_configured(const struct session *s)
{
	return hook_defined(s->hooks, HOOK_auth);
}

bool
auth_encrypted(const struct session *s)
{
	(void)s;
	return false;
}

bool
auth_allowed(const struct session *s)
{
	const struct control_list *l = &s->controls.authplain;

	return auth_encrypted(s) || control_list_has(l, SPAN("1")) ||
	    peer_is_in(&s->peer, l);
}
