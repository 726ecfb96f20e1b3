/*
 * cmd_auth: AUTH (RFC 4954). The script is who knows passwords: hook.auth. For
 * PLAIN and LOGIN the dialogue is held here and the hook is called once;
 * other mechanisms are its own, line by line. Without encryption AUTH is
 * neither offered nor taken, unless authplain says otherwise.
 *
 * What a client sends here is a secret: it is never logged.
 */
#include "auth.h"
#include "base64.h"
#include "command.h"
#include <errno.h>

#define SECRET_MAX 4096 /* octets of a decoded line */
#define ROUNDS_MAX 50	/* of a script's own mechanism */

struct dialogue {
	struct span argument; /* as sent */
	struct span mechanism;
	struct span initial; /* p NULL: none */
	struct span user, password;
};

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

struct reply
cmd_auth_admit(struct session *s, struct span argument)
{
	struct dialogue *d = arena_zalloc(&s->scratch, sizeof *d);
	struct span rest, more;

	if (!auth_configured(s))
		return REPLY(502, "5.5.1", "AUTH is not supported here");
	if (!auth_allowed(s))
		return REPLY(538, "5.7.11", "Encryption is required for AUTH");
	if (s->auth_user.p != NULL)
		return REPLY(503, "5.5.1", "You are authenticated already");
	rest = d->argument = arena_dup(&s->scratch, argument);
	span_word(&rest, &d->mechanism);
	if (span_word(&rest, &d->initial) && span_word(&rest, &more))
		return REPLY(501, "5.5.4",
		    "Syntax: AUTH mechanism [initial-response]");
	if (d->initial.n == 0)
		d->initial.p = NULL;
	if (!mechanism_valid(d->mechanism))
		return REPLY(501, "5.5.4", "Not a mechanism's name");
	d->mechanism = upper(&s->scratch, d->mechanism);
	s->parsed = d;
	return REPLY_NONE;
}

/*
 * Sends a challenge and reads the client's line into *line, which lives in
 * scratch. REPLY_NONE, or what ends the dialogue.
 */
static struct reply
challenge(struct session *s, struct reply question, struct span *line)
{
	struct span raw;
	int r;

	session_reply(s, question);
	s->io.command_deadline = clock_deadline(s->controls.timeoutsmtpd);
	r = io_read_line(&s->io, COMMAND_MAX, &raw);
	if (r == -1 && errno == EMSGSIZE)
		return REPLY(500, "5.5.6", "Line too long");
	if (r != 1)
		return session_lost(s, r);
	*line = arena_dup(&s->scratch, raw);
	if (span_eq(*line, SPAN("*")))
		return REPLY(501, "5.7.0", "Authentication cancelled");
	return REPLY_NONE;
}

static struct reply
decode(struct session *s, struct span line, struct span *out)
{
	struct buf b = {0};

	if (line.n / 4 * 3 > SECRET_MAX || base64_decode(line, &b) == -1)
		return REPLY(501, "5.5.2", "Not base64");
	*out = arena_dup(&s->scratch, buf_span(&b));
	buf_free(&b);
	return REPLY_NONE;
}

/* One line of the client's, decoded; the initial response if there is one. */
static struct reply
answer_to(struct session *s, struct dialogue *d, struct span question,
    struct span *out)
{
	struct reply r = REPLY_NONE, q = {334, NULL, question, false};
	struct span line = d->initial;

	if (line.p == NULL)
		r = challenge(s, q, &line);
	else if (span_eq(line, SPAN("="))) /* RFC 4954 4: an empty one */
		line = span_of("");
	d->initial.p = NULL;
	if (r.code != 0 || s->ending != GOES_ON)
		return r;
	return decode(s, line, out);
}

/* RFC 4616: [authzid] NUL authcid NUL passwd. */
static struct reply
ask_plain(struct session *s, struct dialogue *d)
{
	struct span text = {NULL, 0}, zid;
	struct reply r = answer_to(s, d, SPAN(""), &text);

	if (r.code != 0 || s->ending != GOES_ON)
		return r;
	if (!span_cut(&text, '\0', &zid) || text.p == NULL ||
	    !span_cut(&text, '\0', &d->user) || text.p == NULL ||
	    d->user.n == 0 || span_chr(text, '\0') != text.n)
		return REPLY(501, "5.5.2", "Not a PLAIN response");
	d->password = text;
	return REPLY_NONE;
}

static struct reply
ask_login(struct session *s, struct dialogue *d)
{
	struct reply r = answer_to(s, d, SPAN("VXNlcm5hbWU6"), &d->user);

	if (r.code == 0 && s->ending == GOES_ON)
		r = answer_to(s, d, SPAN("UGFzc3dvcmQ6"), &d->password);
	if (r.code != 0 || s->ending != GOES_ON)
		return r;
	/* Who checks them may read strings that end at a NUL. */
	if (span_chr(d->user, '\0') != d->user.n || d->user.n == 0 ||
	    span_chr(d->password, '\0') != d->password.n)
		return REPLY(501, "5.5.2", "Not a user name and a password");
	return r;
}

static struct answer
ask_hook(struct session *s, const struct dialogue *d, struct span argument)
{
	struct hook_arg args[4] = {HOOK_STRING(argument),
	    HOOK_STRING(d->mechanism), HOOK_STRING(d->user),
	    HOOK_STRING(d->password)};

	return session_ask(s, HOOK_auth, args, 4);
}

/* Other mechanisms: the script's 334 asks for another line, until it has an
 * answer. */
static struct reply
hold_dialogue(struct session *s, struct dialogue *d, struct answer *a)
{
	struct span line = d->argument;

	for (int round = 0; round < ROUNDS_MAX; round++) {
		struct reply r;

		*a = ask_hook(s, d, line);
		if (a->reply.code != 334)
			return REPLY_NONE;
		r = challenge(s, a->reply, &line);
		if (r.code != 0 || s->ending != GOES_ON)
			return r;
	}
	return REPLY(501, "5.7.0", "This takes too long");
}

/* What the hook's answer means: only 235 and accept open the door. */
static struct reply
conclude(struct session *s, const struct dialogue *d, struct answer a,
    bool own)
{
	struct reply ok = REPLY(235, "2.7.0", "Authenticated");
	struct reply no = REPLY(535, "5.7.8", "Authentication failed");

	/* An error is never "try the next source", and never a no. */
	if (a.failed)
		return REPLY(454, "4.7.0", "Temporary authentication failure");
	if (a.reply.code >= 400)
		return a.reply;
	if (a.kind != VERDICT_ACCEPT && a.reply.code != 235) {
		if (a.kind == VERDICT_DEFAULT && own)
			no = REPLY(504, "5.5.4", "Mechanism not known");
		no.drop = a.reply.drop;
		return no;
	}
	/* Of a mechanism of its own only the script knows who it is: "". */
	s->auth_user = arena_dup(&s->arena, d->user);
	s->auth_mechanism = arena_dup(&s->arena, d->mechanism);
	session_client_changed(s);
	return session_answer(a.reply, ok);
}

struct reply
cmd_auth_act(struct session *s, struct reply answer)
{
	struct dialogue *d = s->parsed;
	bool plain = span_ieq(d->mechanism, SPAN("PLAIN"));
	bool login = span_ieq(d->mechanism, SPAN("LOGIN"));
	struct reply r = REPLY_NONE;
	struct answer a;

	(void)answer; /* no hook before this one */
	s->facts.input = SPAN("AUTH");
	if (plain)
		r = ask_plain(s, d);
	else if (login)
		r = ask_login(s, d);
	if (r.code != 0 || s->ending != GOES_ON)
		return r;
	if (plain || login)
		a = ask_hook(s, d, d->argument);
	else
		r = hold_dialogue(s, d, &a);
	if (r.code != 0 || s->ending != GOES_ON)
		return r;
	return conclude(s, d, a, !plain && !login);
}
