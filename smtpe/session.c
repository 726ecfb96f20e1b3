/* session: see session.h. From the first octet to hook.close; what is said is
 * speak.c's, what a line does dispatch.c's, what verdicts mean policy.c's. */
#include "session.h"
#include "arrival.h"
#include "dispatch.h"
#include "die.h"
#include "greet.h"
#include "log.h"
#include "payload.h"
#include "peer.h"
#include "smarthost.h"
#include "starttls.h"
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
	arrival_end(s);
	transaction_start(&s->tx);
	s->facts.id_transaction = span_of(s->tx.id);
	s->facts.msg_file = (struct span){NULL, 0};
	s->facts.sender = s->facts.params = s->facts.msg_file;
	s->facts.recipients = NULL;
	s->facts.nrecipients = 0;
	s->facts.in_transaction = false;
}

void
session_tell_error(struct session *s, int e)
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

	arrival_end(s);
	s->ending = END_GONE;
	if (e == ETIMEDOUT) {
		s->ending = END_TIMEOUT;
		session_reply(s, REPLY(421, "4.4.2", "Time is over"));
	} else if (e == ECANCELED) {
		s->ending = END_STOPPED;
		session_reply(s, REPLY(421, "4.3.2", "Shutting down"));
	} else if (e == EPROTO && s->encrypted) {
		starttls_broken(s);
	} else if (e != ECONNRESET && e != EPIPE) {
		errno = e;
		session_trouble(s, "read");
	}
	session_tell_error(s, e);
	return REPLY_NONE;
}

static void
refuse_long_line(struct session *s)
{
	struct reply r = REPLY(500, "5.5.2", "Line too long");
	int n;

	r.drop = payload_may_follow(
	    span_head(io_pending(&s->io), COMMAND_MAX));
	if (!r.drop && (n = io_skip_line(&s->io)) != 1)
		session_lost(s, n);
	else
		session_reply(s, r);
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
			refuse_long_line(s);
		else if (s->ending == GOES_ON)
			session_lost(s, r);
	}
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

bool
session_may_speak(const struct session *s)
{
	return s->encrypted || (!s->smtps && s->tls == NULL);
}

/* Input that we have not read makes the kernel send a reset, which may
 * overtake our last reply: so some of it is thrown away first. */
void
session_linger(struct session *s)
{
	bool unread = io_readable(&s->io);

	io_flush(&s->io);
	starttls_end(s);
	if ((s->ending != END_DROPPED && s->ending != END_TIMEOUT) ||
	    !(unread || io_readable(&s->io)) ||
	    shutdown(s->io.wfd, SHUT_WR) == -1)
		return;
	s->io.session_deadline = clock_deadline(LINGER_MS);
	do
		io_take(&s->io, io_pending(&s->io).n);
	while (io_fill(&s->io) > 0);
}

/* With --smtps the settings that hook.params made count for the handshake. */
static void
greet(struct session *s)
{
	struct reply banner = session_greet(s);

	if (s->ending != GOES_ON)
		return;
	if (s->smtps && !starttls_usable(s))
		die_temp("--smtps: there is no certificate to begin with");
	if (!s->smtps || starttls_begin(s, TLS_TAKE))
		session_reply(s, banner);
}

void
session_run(struct session *s)
{
	struct hook_arg dropped;
	struct verdict closed;

	s->started = clock_mono();
	s->verb = span_of(NULL);
	session_settings_changed(s);
	s->io.session_deadline = s->deadline;
	session_new_transaction(s);
	io_stop_on_signals(&s->io);
	if (greet_let_in(s))
		greet(s);
	command_loop(s);
	arrival_end(s);
	session_linger(s);
	smarthost_close(s);
	log_end(s);
	dropped = HOOK_BOOLEAN(s->ending != END_QUIT);
	/* Defined or not: what the script's own files still hold is written
	 * here, because we end by _exit(). */
	hook_run(s->hooks, HOOK_close, &dropped, 1, &closed);
}
