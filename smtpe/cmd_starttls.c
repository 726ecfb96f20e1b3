/*
 * cmd_starttls: STARTTLS (RFC 3207). What the client said before is forgotten,
 * and what it sent together with the command has never been there
 * (CVE-2011-0411, CVE-2021-38371).
 */
#include "command.h"
#include "starttls.h"

struct reply
cmd_starttls_admit(struct session *s, struct span argument)
{
	(void)argument;
	if (session_encrypted(s))
		return REPLY(503, "5.5.1", "TLS is active already");
	if (!starttls_configured(s) || !cmd_ehlo_offers(s, SPAN("STARTTLS")))
		return REPLY(502, "5.5.1", "STARTTLS is not offered here");
	if (!starttls_usable(s))
		return REPLY(454, "4.7.0", "TLS is not available right now");
	return REPLY_NONE;
}

/* RFC 3207 4.2: as after the banner. hook.accept's verdict stays. */
static void
forget(struct session *s)
{
	s->helo = s->auth_user = s->auth_mechanism =
	    (struct span){NULL, 0};
	s->esmtp = false;
	s->trusted = s->trusted_at_accept;
	session_client_changed(s);
	session_new_transaction(s);
	s->phase = PHASE_CONNECTED;
}

struct reply
cmd_starttls_act(struct session *s, struct reply answer)
{
	session_reply(s, session_answer(answer,
	    REPLY(220, "2.0.0", "Go ahead")));
	if (s->ending == GOES_ON && starttls_begin(s, TLS_FORGET))
		forget(s);
	return REPLY_NONE;
}
