/* auth: see auth.h. */
#include "auth.h"
#include "auth_source.h"
#include "peer.h"

static const struct span names[] = {
    [MECHANISM_PLAIN] = SPAN_LIT("PLAIN"),
    [MECHANISM_LOGIN] = SPAN_LIT("LOGIN"),
    [MECHANISM_SCRAM_SHA_256] = SPAN_LIT("SCRAM-SHA-256"),
    [MECHANISM_CRAM_MD5] = SPAN_LIT("CRAM-MD5"),
};

enum auth_mechanism
auth_mechanism_find(struct span name)
{
	for (unsigned i = 0; i < MECHANISM_OTHER; i++)
		if (span_ieq(name, names[i]))
			return (enum auth_mechanism)i;
	return MECHANISM_OTHER;
}

bool
auth_configured(const struct session *s)
{
	return hook_defined(s->hooks, HOOK_auth) ||
	    s->controls.authusers != NULL || s->checkpassword != NULL;
}

bool
auth_allowed(const struct session *s)
{
	const struct control_list *l = &s->controls.authplain;

	return session_encrypted(s) || control_list_has(l, SPAN("1")) ||
	    peer_is_in(&s->peer, l);
}

/* Could somebody answer it? */
static bool
is_possible(const struct session *s, struct span name)
{
	switch (auth_mechanism_find(name)) {
	case MECHANISM_PLAIN:
	case MECHANISM_LOGIN:
		return auth_configured(s);
	case MECHANISM_SCRAM_SHA_256:
		if (s->controls.authusers != NULL)
			return true;
		break;
	case MECHANISM_CRAM_MD5:
		if (s->controls.authusers != NULL || s->checkpassword != NULL)
			return true;
		break;
	case MECHANISM_OTHER:
		break;
	}
	return hook_defined(s->hooks, HOOK_auth);
}

/* Nobody has said so, and a client that prefers SCRAM would not fall back: only
 * when it works for every user. */
static bool
offers_scram(struct session *s)
{
	return s->controls.authusers != NULL && s->checkpassword == NULL &&
	    !hook_defined(s->hooks, HOOK_auth) && auth_source_has_scram(s);
}

void
auth_put_offer(struct session *s, struct buf *out)
{
	const struct control_list *l = &s->controls.authmechs;

	if (l->n == 0) {
		if (offers_scram(s))
			buf_puts(out, " SCRAM-SHA-256");
		buf_puts(out, " PLAIN LOGIN");
	}
	for (size_t i = 0; i < l->n; i++) {
		if (!is_possible(s, l->v[i]))
			continue;
		buf_putc(out, ' ');
		buf_put(out, l->v[i]);
	}
}

bool
auth_is_wanted(const struct session *s, struct span name)
{
	const struct control_list *l = &s->controls.authmechs;

	if (l->n > 0)
		return control_list_has(l, name);
	switch (auth_mechanism_find(name)) {
	case MECHANISM_PLAIN:
	case MECHANISM_LOGIN:
		return true;
	case MECHANISM_SCRAM_SHA_256:
		return s->controls.authusers != NULL;
	case MECHANISM_CRAM_MD5:
	case MECHANISM_OTHER:
		break;
	}
	return false;
}

struct reply
auth_admit(struct session *s, struct span name)
{
	enum auth_mechanism m = auth_mechanism_find(name);

	/* What nobody listed may still be the script's own. */
	if (is_possible(s, name) && (auth_is_wanted(s, name) ||
	    (hook_defined(s->hooks, HOOK_auth) && m != MECHANISM_PLAIN &&
	    m != MECHANISM_LOGIN)))
		return REPLY_NONE;
	/* RFC 4954 6: we know it, and policy forbids it. */
	if (is_possible(s, name))
		return REPLY(534, "5.7.9", "This mechanism is too weak here");
	return REPLY(504, "5.5.4", "Mechanism not known");
}

bool
auth_verify(struct session *s, struct buf *problems)
{
	const struct controls *c = &s->controls;
	struct buf line = {0};
	const struct control_list *l = &c->authmechs;
	size_t before = problems->n;

	if (c->authusers != NULL &&
	    auth_source_mechanisms(s, &line) != AUTH_YES)
		buf_printf(problems, "authusers: smtpe-checkpw cannot use %s, "
		    "see the log\n", c->authusers);
	buf_free(&line);
	for (size_t i = 0; i < l->n && auth_configured(s); i++)
		if (!is_possible(s, l->v[i]))
			buf_printf(problems, "authmechs: there is nobody for "
			    "%.*s\n", SPAN_ARG(l->v[i]));
	if (c->submission && !auth_configured(s))
		buf_puts(problems, "submission: there is nobody who knows "
		    "passwords (authusers, hook.auth, a checkpassword "
		    "program)\n");
	return problems->n == before;
}
