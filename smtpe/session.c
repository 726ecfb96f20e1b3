/* session: see session.h. From the first octet to hook.close; what is said is
 * speak.c's, what a line does dispatch.c's, what verdicts mean policy.c's. */
#include "session.h"
#include "dispatch.h"
#include "log.h"
#include "num.h"
#include "peer.h"
#include "smarthost.h"
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGER_MS 1000 /* to let a last reply arrive before a reset */

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

/* hook.error: what ended the session before its time. */
static void
tell_error(struct session *s, int e)
{
	struct hook_arg args[2] = {HOOK_INTEGER(e),
	    HOOK_STRING(span_of(strerror(e)))};

	if (!hook_defined(s->hooks, HOOK_error))
		return;
	io_flush(&s->io);
	/* Nothing was being looked at: what there is of a command. */
	if (s->facts.input.p == NULL)
		s->facts.input = io_pending(&s->io);
	session_ask(s, HOOK_error, args, 2);
	s->facts.input = (struct span){NULL, 0};
}

struct reply
session_lost(struct session *s, int result)
{
	int e = result == 0 ? ECONNRESET : errno;

	s->ending = END_GONE;
	if (e == ETIMEDOUT) {
		s->ending = END_TIMEOUT;
		session_reply(s, REPLY(421, "4.4.2", "Time is over"));
	} else if (e == ECANCELED) {
		s->ending = END_STOPPED;
		session_reply(s, REPLY(421, "4.3.2", "Shutting down"));
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
			dispatch_line(s, line);
		else if (r == -1 && errno == EMSGSIZE)
			session_reply(s,
			    REPLY(500, "5.5.2", "Line too long"));
		else if (s->ending == GOES_ON)
			session_lost(s, r);
	}
}

/* As client.port: an integer, or nil. */
static struct hook_arg
port_argument(struct span port)
{
	uint64_t n;

	if (num_parse_max(port, 65535, &n) == -1)
		return (struct hook_arg){0};
	return HOOK_INTEGER(n);
}

/* hook.firewall: false means that not one octet is sent. */
static bool
let_in(struct session *s)
{
	struct hook_arg args[4] = {HOOK_STRING(s->peer.ip_text),
	    port_argument(s->peer.port), HOOK_STRING(s->peer.local_ip_text),
	    port_argument(s->peer.local_port)};

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
	    [END_GONE] = "gone", [END_TIMEOUT] = "timeout",
	    [END_STOPPED] = "stopped"};
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
	if ((s->ending != END_DROPPED && s->ending != END_TIMEOUT) ||
	    !io_readable(&s->io) ||
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
	io_stop_on_signals(&s->io);
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
