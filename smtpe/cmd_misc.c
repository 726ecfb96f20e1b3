/* cmd_misc: the verbs that move no mail: RSET NOOP VRFY HELP QUIT. */
#include "command.h"

struct reply
cmd_rset_admit(struct session *s, struct span argument)
{
	(void)s;
	(void)argument;
	return REPLY_NONE;
}

struct reply
cmd_rset_act(struct session *s, struct reply answer)
{
	s->reset_after = true;
	return session_answer(answer, REPLY(250, "2.0.0", "Forgotten"));
}

struct reply
cmd_noop_admit(struct session *s, struct span argument)
{
	(void)s;
	(void)argument;
	return REPLY_NONE;
}

struct reply
cmd_noop_act(struct session *s, struct reply answer)
{
	(void)s;
	return session_answer(answer, REPLY(250, "2.0.0", "Ok"));
}

struct reply
cmd_vrfy_admit(struct session *s, struct span argument)
{
	(void)s;
	(void)argument;
	return REPLY_NONE;
}

/* RFC 5321 7.3: who asks for addresses gets none. */
struct reply
cmd_vrfy_act(struct session *s, struct reply answer)
{
	(void)s;
	return session_answer(answer,
	    REPLY(252, "2.5.2", "Send some mail and see"));
}

/* The greetings of the other protocol. */
static bool
is_foreign(const struct session *s, const struct command *c)
{
	bool lhlo = span_eq(c->verb, SPAN("LHLO"));
	bool hello = c->hook == HOOK_helo || c->hook == HOOK_ehlo;

	return hello && lhlo != s->controls.lmtp;
}

struct reply
cmd_help_admit(struct session *s, struct span argument)
{
	struct span verb;

	span_word(&argument, &verb);
	s->args[0] = HOOK_STRING(verb);
	return REPLY_NONE;
}

struct reply
cmd_help_act(struct session *s, struct reply answer)
{
	buf_reset(&s->text);
	for (size_t i = 0; i < COMMAND_N; i++)
		if (span_ieq(s->args[0].s, commands[i].verb))
			return session_answer(answer, session_replyf(s, 214,
			    "2.0.0", "Syntax: %s", commands[i].syntax));
	buf_puts(&s->text, "Commands:");
	for (size_t i = 0; i < COMMAND_N; i++) {
		if (is_foreign(s, &commands[i]))
			continue;
		buf_putc(&s->text, ' ');
		buf_put(&s->text, commands[i].verb);
	}
	return session_answer(answer,
	    (struct reply){214, "2.0.0", buf_span(&s->text), false});
}

/* The end, whatever the script says to it (RFC 5321 4.1.1.10). */
struct reply
cmd_quit_admit(struct session *s, struct span argument)
{
	(void)argument;
	s->ending = END_QUIT;
	return REPLY_NONE;
}

struct reply
cmd_quit_act(struct session *s, struct reply answer)
{
	(void)s;
	return session_answer(answer, REPLY(221, "2.0.0", "Bye"));
}
