/*
 * dispatch: one command line, from the table to its reply (dispatch.h). A
 * verb is a row in command.def and two functions; nothing here knows one.
 */
#include "dispatch.h"
#include "command.h"
#include "payload.h"
#include "starttls.h"
#include "try.h"

/* After the reply to what ends a transaction: hook.reset, and a new one. */
static void
reset(struct session *s)
{
	/* The script may take its time: the client's answer is not for it. */
	if (hook_defined(s->hooks, HOOK_reset)) {
		io_flush(&s->io);
		session_ask(s, HOOK_reset, NULL, 0);
	}
	session_new_transaction(s);
	if (s->phase & PHASE_OPEN)
		s->phase = PHASE_GREETED;
}

/* hook.out_seq, and what is said without it. */
static struct reply
out_of_sequence(struct session *s)
{
	struct hook_arg line = HOOK_STRING(s->facts.input);
	struct reply usual =
	    REPLY(503, "5.5.1", "Command out of sequence");

	if (s->phase == PHASE_CONNECTED)
		usual.text = s->controls.lmtp ? SPAN("Say LHLO first") :
						SPAN("Say HELO or EHLO first");
	else if (s->phase == PHASE_GREETED)
		usual.text = SPAN("Say MAIL first");
	else if (s->phase == PHASE_MAIL)
		usual.text = SPAN("Say RCPT first");
	else if (s->phase == PHASE_CHUNKS)
		usual.text = SPAN("Say BDAT or RSET");
	else if (s->phase == PHASE_REFUSED)
		return usual;
	return session_answer(session_ask(s, HOOK_out_seq, &line, 1).reply,
	    usual);
}

/*
 * RFC 2920 3.1: who pipelines has heard EHLO offer it, and has ended each
 * group with a command whose answer it needs.
 */
static bool
talks_early(struct session *s, const struct command *c)
{
	if (!s->controls.pipeliningreject || !payload_is_followed(s))
		return false;
	return (c->phases & LAST) != 0 || !s->esmtp ||
	    !cmd_ehlo_offers(s, SPAN("PIPELINING"));
}

/* Is this command allowed here, as far as the table knows? */
static struct reply
admit(struct session *s, const struct command *c, struct span argument)
{
	struct reply tls;

	if (talks_early(s, c)) {
		struct reply r = REPLY(554, "5.5.0",
		    "You talk before it is your turn");

		r.drop = true;
		return r;
	}
	if ((c->phases & CLEAR) == 0 && s->phase != PHASE_REFUSED &&
	    (tls = starttls_required(s)).code != 0)
		return tls;
	if ((c->phases & s->phase) == 0)
		return out_of_sequence(s);
	if ((c->argument == SOME && argument.n == 0) ||
	    (c->argument == NONE && argument.n != 0))
		return session_replyf(s, 501, "5.5.4", "Syntax: %s",
		    c->syntax);
	s->nargs = 0;
	return c->admit(s, argument);
}

/* One command of the table: admit, then ask, then act. */
static struct reply
run_command(struct session *s, const struct command *c, struct span argument)
{
	struct answer a = ANSWER_NONE;
	struct reply r = admit(s, c, argument);

	if (r.code == 0 && (c->phases & NEARER) == 0)
		r = session_count_junk(s);
	if (r.code != 0)
		return r;
	if (c->hook != NO_HOOK)
		a = session_ask(s, c->hook, s->args, s->nargs);
	s->list = a.list;
	return a.go_on ? c->act(s, a.reply) : a.reply;
}

static struct reply
unknown_command(struct session *s, struct span line)
{
	struct hook_arg arg = HOOK_STRING(line);
	struct answer a = session_ask(s, HOOK_unknown, &arg, 1);

	return session_answer(a.reply,
	    REPLY(502, "5.5.1", "Command not known"));
}

static bool
has_controls(struct span line)
{
	for (size_t i = 0; i < line.n; i++)
		if (((unsigned char)line.p[i] < ' ' && line.p[i] != '\t') ||
		    line.p[i] == 0x7f)
			return true;
	return false;
}

/* Finds out what a line is and does it. */
static struct reply
answer_line(struct session *s, struct span line)
{
	const struct command *c;
	struct span argument;

	if (has_controls(line))
		return REPLY(500, "5.5.2", "Control characters in a command");
	c = command_find(line, &argument);
	if (c != NULL) {
		s->verb = c->verb;
		return run_command(s, c, argument);
	}
	if (s->phase == PHASE_REFUSED)
		return REPLY(503, "5.5.1", "Only QUIT is possible here");
	return unknown_command(s, line);
}

/* hook.command: may put another line in its place, or answer it. */
static struct answer
ask_command(struct session *s, struct span *line)
{
	struct hook_arg arg = HOOK_STRING(*line);
	struct answer a = session_ask(s, HOOK_command, &arg, 1);

	if (a.go_on && a.list.p != NULL)
		*line = s->facts.input = arena_dup(&s->scratch, a.list);
	return a;
}

void
dispatch_line(struct session *s, struct span line)
{
	bool measured = payload_measure(s, line);
	struct answer a;
	struct reply r;

	arena_reset(&s->scratch);
	s->verb = span_of(NULL);
	s->facts.input = line;
	s->facts.pipelining |= payload_is_followed(s);
	if (s->trace)
		try_show_line(s, line);
	a = ask_command(s, &line);
	if (!measured) {
		r = payload_unknown();
	} else if (a.go_on && a.reply.code == 0) {
		r = answer_line(s, line);
		r.drop |= a.reply.drop;
	} else {
		r = a.reply;
		if (s->controls.lmtp)
			r = cmd_bdat_refused(s, line, r);
	}
	r = payload_swallow(s, r);
	if (r.code != 0)
		session_reply(s, r);
	s->facts.input = (struct span){NULL, 0};
	s->verb = span_of(NULL);
	if (s->reset_after && s->ending == GOES_ON)
		reset(s);
	else if ((s->phase & (PHASE_MAIL | PHASE_RCPT | PHASE_CHUNKS)) == 0)
		s->facts.in_transaction = false;
	s->reset_after = s->repeated = s->counted = false;
	/* What a message paid for is over with it; its reply goes out. */
	if (s->io.session_deadline != s->deadline && s->arrival == NULL) {
		io_flush(&s->io);
		s->io.session_deadline = s->deadline;
	}
}
