/*
 * cmd_auth: AUTH (RFC 4954). The script is asked first; where it has no
 * opinion the programs are (auth_source). For PLAIN and LOGIN the dialogue is
 * held before; other mechanisms are the script's own, line by line, or else
 * ours. An error is never a no, and never "try the next".
 */
#include "auth_scram.h"
#include "command.h"
#include "log.h"

#define ROUNDS_MAX 50 /* of a script's own mechanism */

static bool
mechanism_valid(struct span m)
{
	for (size_t i = 0; i < m.n; i++)
		if (!ascii_isalnum(m.p[i]) && m.p[i] != '-' && m.p[i] != '_')
			return false;
	return m.n > 0 && m.n <= 20;
}

/* RFC 4422 3.1: its one spelling. */
static struct span
upper(struct arena *a, struct span m)
{
	char *p = arena_alloc(a, m.n);

	for (size_t i = 0; i < m.n; i++)
		p[i] = (char)(ascii_isalpha(m.p[i]) ? m.p[i] & ~0x20 : m.p[i]);
	return span_make(p, m.n);
}

static struct reply
parse(struct session *s, struct dialogue *d)
{
	struct span rest = d->argument, more;

	span_word(&rest, &d->mechanism);
	if (span_word(&rest, &d->initial) && span_word(&rest, &more))
		return REPLY(501, "5.5.4",
		    "Syntax: AUTH mechanism [initial-response]");
	if (d->initial.n == 0)
		d->initial.p = NULL;
	if (!mechanism_valid(d->mechanism))
		return REPLY(501, "5.5.4", "Not a mechanism's name");
	d->mechanism = upper(&s->scratch, d->mechanism);
	d->known = auth_mechanism_find(d->mechanism);
	return auth_admit(s, d->mechanism);
}

struct reply
cmd_auth_admit(struct session *s, struct span argument)
{
	struct dialogue *d = arena_zalloc(&s->scratch, sizeof *d);

	d->argument = arena_dup(&s->scratch, argument);
	d->line = argument;
	s->parsed = d;
	if (!auth_configured(s))
		return REPLY(502, "5.5.1", "AUTH is not supported here");
	if (!auth_allowed(s))
		return REPLY(538, "5.7.11", "Encryption is required for AUTH");
	if (s->auth_user.p != NULL)
		return REPLY(503, "5.5.1", "You are authenticated already");
	return parse(s, d);
}

static struct answer
ask_hook(struct session *s, const struct dialogue *d, struct span argument)
{
	struct hook_arg args[4] = {HOOK_STRING(argument),
	    HOOK_STRING(d->mechanism), HOOK_STRING(d->user),
	    HOOK_STRING(d->password)};

	return session_ask(s, HOOK_auth, args, 4);
}

/* The script's 334 asks for another line, until it has an answer. */
static struct reply
hold_dialogue(struct session *s, struct dialogue *d, struct answer *a)
{
	struct span line = d->argument;

	for (int round = 0; round < ROUNDS_MAX; round++) {
		struct reply r;

		*a = ask_hook(s, d, line);
		if (a->reply.code != 334)
			return REPLY_NONE;
		/* Its own from here on: nobody else could go on with it. */
		d->known = MECHANISM_OTHER;
		r = dialogue_challenge(s, a->reply, &line);
		if (r.code != 0 || s->ending != GOES_ON)
			return r;
	}
	return REPLY(501, "5.7.0", "This takes too long");
}

/* The client is who it says. */
static struct reply
let_in(struct session *s, const struct dialogue *d, struct reply words)
{
	struct log l;

	/* Of a mechanism of its own only the script knows who it is: "". */
	s->auth_user = arena_dup(&s->arena, d->user);
	s->auth_mechanism = arena_dup(&s->arena, d->mechanism);
	session_client_changed(s);
	log_open(&l, "auth");
	log_str(&l, "id", s->tx.id);
	log_span(&l, "ip", s->peer.ip_text);
	log_span(&l, "mechanism", s->auth_mechanism);
	log_span(&l, "user", s->auth_user);
	log_send(&l);
	return session_answer(words, REPLY(235, "2.7.0", "Authenticated"));
}

/* A refusal is late, and there are not many. */
static struct reply
turn_down(struct session *s, struct reply r)
{
	const struct controls *c = &s->controls;

	s->auth_failures++;
	if (c->errordelay > 0)
		io_pause(&s->io, c->errordelay);
	if (c->authfailures == 0 || s->auth_failures < c->authfailures)
		return r;
	r = REPLY(421, "4.7.0", "Too many refused authentications");
	r.drop = true;
	return r;
}

/* What the script's answer means: only 235 and accept open the door. */
static struct reply
conclude_hook(struct session *s, const struct dialogue *d, struct answer a)
{
	struct reply no = REPLY(535, "5.7.8", "Authentication failed");

	if (a.failed)
		return REPLY(454, "4.7.0", "Temporary authentication failure");
	if (a.reply.code >= 500)
		return turn_down(s, a.reply);
	if (a.reply.code >= 400)
		return a.reply;
	if (a.kind == VERDICT_ACCEPT || a.reply.code == 235)
		return let_in(s, d, a.reply);
	no.drop = a.reply.drop;
	return turn_down(s, no);
}

/* Who may act as somebody else (RFC 4616 2)? Nobody. */
static bool
acts_as_itself(const struct dialogue *d)
{
	return d->authzid.n == 0 || span_eq(d->authzid, d->user);
}

static struct reply
conclude(struct session *s, const struct dialogue *d,
    enum auth_result result)
{
	if (result == AUTH_LATER)
		return REPLY(454, "4.7.0", "Temporary authentication failure");
	if (result == AUTH_BAD)
		return REPLY(501, "5.5.2", "Not what the mechanism wants");
	if (result == AUTH_YES && acts_as_itself(d))
		return let_in(s, d, REPLY_NONE);
	return turn_down(s, REPLY(535, "5.7.8", "Authentication failed"));
}

/* The mechanism's part before anybody is asked. */
static struct reply
hear(struct session *s, struct dialogue *d)
{
	if (d->known == MECHANISM_PLAIN)
		return dialogue_plain(s, d);
	if (d->known == MECHANISM_LOGIN)
		return dialogue_login(s, d);
	return REPLY_NONE;
}

static struct reply
ask_programs(struct session *s, struct dialogue *d)
{
	enum auth_result result = AUTH_NO;
	bool cram = d->known == MECHANISM_CRAM_MD5;
	struct reply r = REPLY_NONE;

	if (d->known == MECHANISM_SCRAM_SHA_256)
		r = auth_scram(s, d, &result);
	else if (cram)
		r = dialogue_cram(s, d);
	if (r.code != 0 || s->ending != GOES_ON)
		return r;
	if (d->known != MECHANISM_SCRAM_SHA_256)
		result = auth_source_ask(s, d->user,
		    cram ? d->challenge : d->password, d->response, cram);
	return conclude(s, d, result);
}

/* Is there a program that this mechanism can be asked of? */
static bool
has_program(struct session *s, const struct dialogue *d)
{
	if (d->known == MECHANISM_OTHER || !auth_is_wanted(s, d->mechanism))
		return false;
	return s->controls.authusers != NULL || (s->checkpassword != NULL &&
	    d->known != MECHANISM_SCRAM_SHA_256);
}

static struct reply
authenticate(struct session *s, struct dialogue *d)
{
	struct answer a = ANSWER_NONE;
	struct reply r = hear(s, d);
	bool own = d->known != MECHANISM_PLAIN && d->known != MECHANISM_LOGIN;

	if (r.code == 0 && s->ending == GOES_ON &&
	    hook_defined(s->hooks, HOOK_auth)) {
		if (own)
			r = hold_dialogue(s, d, &a);
		else
			a = ask_hook(s, d, d->argument);
	}
	if (r.code != 0 || s->ending != GOES_ON)
		return r;
	if (a.kind != VERDICT_DEFAULT || a.failed)
		return conclude_hook(s, d, a);
	if (has_program(s, d))
		r = ask_programs(s, d);
	else if (own)
		r = REPLY(504, "5.5.4", "Mechanism not known");
	else
		return conclude_hook(s, d, a);
	r.drop |= a.reply.drop;
	return r;
}

struct reply
cmd_auth_act(struct session *s, struct reply answer)
{
	struct dialogue *d = s->parsed;
	struct reply r;

	(void)answer; /* no hook before this one */
	dialogue_wipe(d->line);
	s->facts.input = SPAN("AUTH");
	r = authenticate(s, d);
	arena_wipe(&s->scratch);
	return r;
}
