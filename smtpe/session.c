/* session: see session.h. What verdicts mean is policy.c's. */
#include "session.h"
#include "command.h"
#include "log.h"
#include "peer.h"
#include "smarthost.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGER_MS 1000 /* to let a last reply arrive before a reset */

struct reply
session_replyf(struct session *s, int code, const char *enhanced,
    const char *fmt, ...)
{
	va_list ap;

	buf_reset(&s->text);
	va_start(ap, fmt);
	buf_vprintf(&s->text, fmt, ap);
	va_end(ap);
	return (struct reply){code, enhanced, buf_span(&s->text), false};
}

struct reply
session_trouble(struct session *s, const char *what)
{
	struct log l;

	log_open_at(&l, LOG_ERR, "trouble");
	log_str(&l, "id", s->tx.id);
	log_str(&l, "what", what);
	log_str(&l, "error", strerror(errno));
	log_send(&l);
	return REPLY(451, "4.3.0", "Local trouble, try again later");
}

/* Counts a refusal; a client that collects them waits, or is sent away. */
static struct reply
count_error(struct session *s, struct reply r)
{
	const struct controls *c = &s->controls;

	if (r.code < 400 || r.code == 421)
		return r;
	s->errors++;
	if (c->maxerrors != 0 && s->errors >= c->maxerrors) {
		r = REPLY(421, "4.7.0", "Too many errors");
		r.drop = true;
	}
	if (s->errors > c->softerrors && c->errordelay > 0)
		io_pause(&s->io, c->errordelay);
	return r;
}

/* Apart, so that a reply that is not logged does not pay for the stack. */
static void __attribute__((noinline))
log_reply(struct session *s, struct reply r)
{
	struct log l;

	log_open(&l, r.code < 500 ? "defer" : "reject");
	log_str(&l, "id", s->tx.id);
	log_span(&l, "ip", s->peer.ip_text);
	log_num(&l, "code", r.code);
	/* What stands behind AUTH is a secret. */
	if (s->facts.input.p != NULL)
		log_span(&l, "command",
		    span_istarts(s->facts.input, SPAN("AUTH")) ?
		    SPAN("AUTH") : s->facts.input);
	log_span(&l, "text", span_head(r.text, span_chr(r.text, '\n')));
	log_send(&l);
}

/*
 * hook.reply: another wording of what goes out. It may not change what it
 * means, or the client would be out of step: same first digit, and what
 * opens another kind of dialogue stays as it is.
 */
static void __attribute__((noinline))
rewrite(struct session *s, struct reply r, struct buf *wire)
{
	struct hook_arg args[2] = {HOOK_STRING(buf_span(wire)),
	    HOOK_STRING(s->verb)};
	struct verdict v;

	if (r.code == 354 || r.code == 334)
		return;
	/* The last CRLF is not part of it. */
	args[0].s.n -= 2;
	hook_run(s->hooks, HOOK_reply, args, 2, &v);
	if (v.kind != VERDICT_REPLY && v.kind != VERDICT_INFO)
		return;
	if (v.reply.code / 100 != r.code / 100) {
		log_warn("hook-error", "hook.reply: %d in the place of %d",
		    v.reply.code, r.code);
		return;
	}
	buf_reset(wire);
	reply_format(v.reply, wire);
}

void
session_reply(struct session *s, struct reply r)
{
	struct buf wire = {0};

	r = count_error(s, r);
	if (r.code >= 400)
		log_reply(s, r);
	reply_format(r, &wire);
	if (hook_defined(s->hooks, HOOK_reply))
		rewrite(s, r, &wire);
	io_write(&s->io, buf_span(&wire));
	buf_free(&wire);
	if ((r.drop || r.code == 421) && s->ending == GOES_ON)
		s->ending = END_DROPPED;
}

struct span
session_peer_name(struct session *s)
{
	if (!s->peer.name_known)
		peer_look_up(&s->peer, &s->controls, &s->arena);
	if (s->peer.name.p != NULL)
		return s->peer.name;
	if (s->peer.bracketed.p == NULL)
		s->peer.bracketed = arena_printf(&s->arena, "[%.*s]",
		    SPAN_ARG(s->peer.ip_text));
	return s->peer.bracketed;
}

/* The facts that change with the transaction. */
void
session_new_transaction(struct session *s)
{
	transaction_start(&s->tx);
	s->facts.id_transaction = span_of(s->tx.id);
	s->facts.msg_file = (struct span){NULL, 0};
	s->facts.sender = s->facts.params = s->facts.msg_file;
	s->facts.recipients = NULL;
	s->facts.nrecipients = 0;
	s->facts.in_transaction = false;
}

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
		usual.text = SPAN("Say HELO or EHLO first");
	else if (s->phase == PHASE_GREETED)
		usual.text = SPAN("Say MAIL first");
	else if (s->phase == PHASE_MAIL)
		usual.text = SPAN("Say RCPT first");
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
	if (!s->controls.pipeliningreject || io_pending(&s->io).n == 0)
		return false;
	return (c->phases & LAST) != 0 || !s->esmtp ||
	    !s->controls.pipelining;
}

/* Is this command allowed here, as far as the table knows? */
static struct reply
admit(struct session *s, const struct command *c, struct span argument)
{
	if (talks_early(s, c)) {
		struct reply r = REPLY(554, "5.5.0",
		    "You talk before it is your turn");

		r.drop = true;
		return r;
	}
	if ((c->phases & s->phase) == 0)
		return out_of_sequence(s);
	if ((c->argument == SOME && argument.n == 0) ||
	    (c->argument == NONE && argument.n != 0))
		return session_replyf(s, 501, "5.5.4", "Syntax: %s",
		    c->syntax);
	s->nargs = 0;
	return c->admit(s, argument);
}

/* Commands that bring no message nearer are errors in the end. */
static struct reply
count_junk(struct session *s, const struct command *c)
{
	const uint64_t max = s->controls.maxjunk;

	if (c->hook == HOOK_mail || c->hook == HOOK_rcpt ||
	    c->hook == HOOK_data || c->hook == HOOK_quit)
		return REPLY_NONE;
	s->junk++;
	if (max == 0 || s->junk <= max)
		return REPLY_NONE;
	return REPLY(450, "4.7.0", "Too many commands without a message");
}

/* One command of the table: admit, then ask, then act. */
static struct reply
run_command(struct session *s, const struct command *c, struct span argument)
{
	struct answer a = ANSWER_NONE;
	struct reply r = admit(s, c, argument);

	if (r.code == 0)
		r = count_junk(s, c);
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

static void
handle_line(struct session *s, struct span line)
{
	struct answer a;
	struct reply r;

	arena_reset(&s->scratch);
	s->verb = span_of(NULL);
	s->facts.input = line;
	s->facts.pipelining |= io_pending(&s->io).n > 0;
	a = ask_command(s, &line);
	if (a.go_on && a.reply.code == 0) {
		r = answer_line(s, line);
		r.drop |= a.reply.drop;
	} else {
		r = a.reply;
	}
	if (r.code != 0)
		session_reply(s, r);
	/* What a message paid for is over with it; its reply goes out. */
	if (s->io.session_deadline != s->deadline) {
		io_flush(&s->io);
		s->io.session_deadline = s->deadline;
	}
	s->facts.input = (struct span){NULL, 0};
	if (s->reset_after && s->ending == GOES_ON)
		reset(s);
	else if ((s->phase & (PHASE_MAIL | PHASE_RCPT)) == 0)
		s->facts.in_transaction = false;
	s->reset_after = false;
}

/* hook.error: what ended the session before its time. */
static void
tell_error(struct session *s, int e)
{
	struct hook_arg args[2] = {HOOK_INTEGER(e),
	    HOOK_STRING(span_of(strerror(e)))};

	if (!hook_defined(s->hooks, HOOK_error))
		return;
	io_flush(&s->io);
	session_ask(s, HOOK_error, args, 2);
}

struct reply
session_lost(struct session *s, int result)
{
	int e = result == 0 ? ECONNRESET : errno;

	s->ending = END_GONE;
	if (e == ETIMEDOUT) {
		s->ending = END_TIMEOUT;
		session_reply(s, REPLY(421, "4.4.2", "Time is over"));
	} else if (e != ECONNRESET && e != EPIPE) {
		errno = e;
		session_trouble(s, "read");
	}
	tell_error(s, e);
	return REPLY_NONE;
}

static void
command_loop(struct session *s)
{
	struct span line;
	int r;

	while (s->ending == GOES_ON) {
		s->io.command_deadline =
		    clock_deadline(s->controls.timeoutsmtpd);
		r = io_read_line(&s->io, COMMAND_MAX, &line);
		if (r == 1)
			handle_line(s, line);
		else if (r == -1 && errno == EMSGSIZE)
			session_reply(s,
			    REPLY(500, "5.5.2", "Line too long"));
		else if (s->ending == GOES_ON)
			session_lost(s, r);
	}
}

/* hook.firewall: false means that not one octet is sent. */
static bool
let_in(struct session *s)
{
	struct hook_arg args[4] = {HOOK_STRING(s->peer.ip_text),
	    HOOK_STRING(s->peer.port), HOOK_STRING(s->peer.local_ip_text),
	    HOOK_STRING(s->peer.local_port)};

	if (session_ask(s, HOOK_firewall, args, 4).go_on)
		return true;
	s->ending = END_DROPPED;
	return false;
}

struct reply
session_greet(struct session *s)
{
	struct hook_arg args[2] = {HOOK_STRING(s->peer.ip_text), {0}};
	const struct controls *c = &s->controls;
	struct answer a;
	struct reply banner;
	size_t nargs = 1;

	if (s->hooks != NULL || c->pipeliningreject)
		s->facts.pipelining |= io_readable(&s->io);
	if (c->pipeliningreject && s->facts.pipelining) {
		s->phase = PHASE_REFUSED;
		banner = REPLY(554, "5.5.0", "You talk before it is your turn");
		banner.drop = true;
		return banner;
	}
	/* Who asks for the name pays for its look-up. */
	if (hook_nparams(s->hooks, HOOK_accept) >= 2)
		args[nargs++] = HOOK_STRING(s->facts.host(s));
	a = session_ask(s, HOOK_accept, args, nargs);
	s->phase = a.go_on ? PHASE_CONNECTED : PHASE_REFUSED;
	banner = session_replyf(s, 220, NULL, "%.*s ESMTP",
	    SPAN_ARG(c->smtpgreeting.p != NULL ? c->smtpgreeting : c->me));
	if (!a.go_on && a.reply.code == 0)
		a.reply = REPLY(550, "5.7.1", "No service for you");
	return session_answer(a.reply, banner);
}

static void
log_end(struct session *s)
{
	static const char *const how[] = {
	    [GOES_ON] = "on", [END_QUIT] = "quit", [END_DROPPED] = "dropped",
	    [END_GONE] = "gone", [END_TIMEOUT] = "timeout"};
	struct log l;
	clock_ms ms;

	log_open(&l, "session");
	log_span(&l, "id", s->facts.id_session);
	log_span(&l, "ip", s->peer.ip_text);
	if (s->peer.name.p != NULL)
		log_span(&l, "name", s->peer.name);
	if (s->helo.p != NULL)
		log_span(&l, "helo", s->helo);
	log_num(&l, "messages", (int64_t)s->messages);
	log_num(&l, "errors", (int64_t)s->errors);
	log_str(&l, "end", how[s->ending]);
	/* No floating point: printf's costs two pages of stack. */
	ms = clock_mono() - s->started;
	log_printf(&l, "seconds", "%lld.%03d", (long long)(ms / 1000),
	    (int)(ms % 1000));
	log_send(&l);
}

/*
 * Input that we have not read makes the kernel send a reset, which may
 * overtake our last reply: so some of it is thrown away first.
 */
static void
linger(struct session *s)
{
	io_flush(&s->io);
	if (s->ending != END_DROPPED || !io_readable(&s->io) ||
	    shutdown(s->io.wfd, SHUT_WR) == -1)
		return;
	s->io.session_deadline = clock_deadline(LINGER_MS);
	do
		io_take(&s->io, io_pending(&s->io).n);
	while (io_fill(&s->io) > 0);
}

void
session_run(struct session *s)
{
	struct hook_arg dropped;
	struct verdict closed;

	s->started = clock_mono();
	s->verb = span_of(NULL);
	s->deadline = clock_deadline(s->controls.timeoutsession);
	s->io.session_deadline = s->deadline;
	session_new_transaction(s);
	if (let_in(s))
		session_reply(s, session_greet(s));
	command_loop(s);
	linger(s);
	smarthost_close(s);
	log_end(s);
	dropped = HOOK_BOOLEAN(s->ending != END_QUIT);
	/* Defined or not: what the script's own files still hold is written
	 * here, because we end by _exit(). */
	hook_run(s->hooks, HOOK_close, &dropped, 1, &closed);
}
