/* greet: see greet.h. */
#include "greet.h"
#include "num.h"
#include "overrides.h"

/* As client.port: an integer, or nil. */
static struct hook_arg
port_argument(struct span port)
{
	uint64_t n;

	if (num_parse_max(port, 65535, &n) == -1)
		return (struct hook_arg){0};
	return HOOK_INTEGER(n);
}

bool
greet_let_in(struct session *s)
{
	struct hook_arg args[4] = {HOOK_STRING(s->peer.ip_text),
	    port_argument(s->peer.port), HOOK_STRING(s->peer.local_ip_text),
	    port_argument(s->peer.local_port)};

	if (session_ask(s, HOOK_firewall, args, 4).go_on)
		return true;
	s->ending = END_DROPPED;
	return false;
}

static struct answer
ask_accept(struct session *s)
{
	struct hook_arg args[2] = {HOOK_STRING(s->peer.ip_text), {0}};
	size_t nargs = 1;
	struct answer a;

	/* Who asks for the name pays for its look-up. */
	if (hook_nparams(s->hooks, HOOK_accept) >= 2)
		args[nargs++] = HOOK_STRING(s->facts.host(s));
	a = session_ask(s, HOOK_accept, args, nargs);
	if (!a.go_on && a.reply.code == 0)
		a.reply = REPLY(550, "5.7.1", "No service for you");
	return a;
}

/*
 * RFC 5321 3.1: the client waits for the banner. What it said is in the log,
 * where a person sees what kind of client it is; who only went away is not
 * early.
 */
static struct reply
early(struct session *s)
{
	struct reply r = REPLY(554, "5.5.0", "You talk before it is your turn");
	struct span said;
	ssize_t n = 1;

	if (io_pending(&s->io).n == 0)
		n = io_fill(&s->io);
	if (n <= 0)
		return session_lost(s, (int)n);
	said = io_pending(&s->io);
	s->facts.input = span_head(said, span_chr(said, '\r'));
	r.drop = true;
	return r;
}

/* The banner of a new connection comes greetdelay after its start; not for
 * those who may relay, nor before a handshake, which the client begins. */
static struct reply
wait_for_turn(struct session *s)
{
	int64_t ms = s->controls.greetdelay;
	int r;

	if (ms <= 0 || s->verb.n > 0 || s->relay_client || s->smtps)
		return REPLY_NONE;
	ms -= clock_mono() - s->started;
	r = io_wait_early(&s->io, ms > 0 ? ms : 1);
	if (r == -1)
		return session_lost(s, -1);
	return r == 1 ? early(s) : REPLY_NONE;
}

struct reply
session_greet(struct session *s)
{
	const struct controls *c = &s->controls;
	struct reply r, banner;
	struct answer a;

	/* What comes before a banner that is encrypted is the handshake. */
	if ((s->hooks != NULL || c->pipeliningreject) &&
	    (!s->smtps || s->encrypted))
		s->facts.pipelining |= io_readable(&s->io);
	s->phase = PHASE_REFUSED;
	if (c->pipeliningreject && s->facts.pipelining)
		return early(s);
	a = ask_accept(s);
	if (!a.go_on)
		return a.reply;
	/* Its words live until the next hook. */
	if (hook_defined(s->hooks, HOOK_params) && a.reply.text.n > 0)
		a.reply.text = arena_dup(&s->arena, a.reply.text);
	if ((r = overrides_ask(s)).code != 0)
		return r;
	r = wait_for_turn(s);
	if (r.code != 0 || s->ending != GOES_ON)
		return r;
	s->phase = PHASE_CONNECTED;
	banner = session_replyf(s, 220, NULL, "%.*s ESMTP",
	    SPAN_ARG(c->smtpgreeting.p != NULL ? c->smtpgreeting : c->me));
	return session_answer(a.reply, banner);
}
