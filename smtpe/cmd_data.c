/*
 * cmd_data: DATA (RFC 5321 4.1.1.4). The message streams from the socket
 * through the decoder into tmp/ID; the verdict on it is given once its end
 * has come, and 250 only when the entry is durable.
 */
#include "command.h"
#include "dot.h"
#include "feed.h"
#include "header.h"
#include "log.h"
#include "received.h"
#include "smarthost.h"
#include <errno.h>

#define HEADER_BLOCK 8 /* times maxheader */

struct arrival {
	struct dot dot;
	struct header_scan header;
	uint64_t size;	  /* octets of the message */
	uint64_t octets;  /* that came over the wire */
	bool too_big;
	bool given_up;	  /* nothing of it is kept any more */
	struct feed feed; /* the hooks that see it on its way */
	clock_ms started;
};

struct reply
cmd_data_admit(struct session *s, struct span argument)
{
	(void)s;
	(void)argument;
	return REPLY_NONE;
}

/* The rest is only read to find its end; the disk is free at once. */
static void
give_up(struct session *s, struct arrival *a)
{
	if (a->given_up)
		return;
	a->given_up = true;
	feed_stop(&a->feed);
	queue_in_abort(&s->in);
}

static void
take_run(struct session *s, struct arrival *a, struct span run)
{
	const struct controls *c = &s->controls;

	a->size += run.n;
	if (c->databytes != 0 && a->size > c->databytes)
		a->too_big = true;
	if (!a->header.done)
		header_scan(&a->header, run);
	if (a->too_big || s->in.error != 0 || a->dot.line > c->maxline ||
	    a->header.longest > c->maxheader ||
	    a->header.block > c->maxheader * HEADER_BLOCK)
		give_up(s, a);
	if (a->given_up)
		return;
	queue_in_write(&s->in, run);
	if (a->dot.bare_cr || a->dot.bare_lf || a->dot.nul)
		feed_stop(&a->feed);
	feed_push(&a->feed, s, run);
}

static int64_t
longer(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/*
 * Each block has timeoutsmtpd. The session's own deadline moves on by the
 * time that the octets pay for at the minimum rate, so that a large message
 * over a working line is never cut, and one octet a second is.
 */
static void
set_deadlines(struct session *s, const struct arrival *a)
{
	uint64_t rate = s->controls.mindatarate;
	clock_ms paid, most;

	s->io.command_deadline = clock_deadline(s->controls.timeoutsmtpd);
	if (rate == 0 || a->given_up)
		return;
	paid = a->started + (clock_ms)(a->octets * 1000 / rate);
	/* What came fast buys no endless silence. */
	most = clock_mono() + longer(s->controls.timeoutsession,
	    s->controls.timeoutsmtpd);
	if (paid > most)
		paid = most;
	if (paid > s->io.session_deadline)
		s->io.session_deadline = paid;
}

/* Reads up to CRLF.CRLF: 1; 0 when the client is gone, -1 and errno. */
static int
read_message(struct session *s, struct arrival *a)
{
	for (;;) {
		struct span in = io_pending(&s->io), rest = in, run;
		ssize_t n;

		while (dot_next(&a->dot, &rest, &run))
			take_run(s, a, run);
		io_take(&s->io, in.n - rest.n);
		if (a->dot.ended)
			return 1;
		set_deadlines(s, a);
		if ((n = io_fill(&s->io)) <= 0)
			return (int)n;
		a->octets += (size_t)n;
	}
}

/* What speaks against the message itself, before anybody is asked. */
static struct reply
check_message(struct session *s, const struct arrival *a)
{
	const struct controls *c = &s->controls;

	if (s->in.error == ENOSPC || s->in.error == EDQUOT) {
		errno = s->in.error;
		session_trouble(s, "write");
		return REPLY(452, "4.3.1", "No room for it, try again later");
	}
	if (s->in.error != 0) {
		errno = s->in.error;
		return session_trouble(s, "write");
	}
	if (a->dot.bare_cr || a->dot.bare_lf || a->dot.nul)
		return REPLY(550, "5.6.11",
		    "Bare CR, bare LF or NUL in the message");
	if (a->too_big)
		return session_replyf(s, 552, "5.3.4",
		    "Message too big, at most %llu octets",
		    (unsigned long long)c->databytes);
	if (a->dot.longest > c->maxline)
		return REPLY(552, "5.3.4", "Line too long");
	if (a->header.longest > c->maxheader ||
	    a->header.block > c->maxheader * HEADER_BLOCK)
		return REPLY(552, "5.3.4", "Header too big");
	/* RFC 5321 6.3 */
	if (c->maxhops != 0 && a->header.received >= c->maxhops)
		return REPLY(554, "5.4.6", "Too many hops, this is a loop");
	return REPLY_NONE;
}

/* The engine's texts live until the next hook only. */
static void
keep_text(struct session *s, struct reply *r)
{
	r->text = arena_dup(&s->tx.arena, r->text);
	if (r->enhanced != NULL)
		r->enhanced = arena_cstr(&s->tx.arena, span_of(r->enhanced));
}

static struct answer
ask_forward(struct session *s, struct answer dot, struct hook_arg *args,
    bool *taken_over)
{
	struct answer a = session_ask(s, HOOK_forward, args, 3);

	if (!a.go_on)
		return a;
	*taken_over = a.kind == VERDICT_REPLY || a.kind == VERDICT_ACCEPT;
	a.reply.drop |= dot.reply.drop;
	/* It said something: its words, not hook.dot's. */
	if (a.kind != VERDICT_DEFAULT)
		return a;
	dot.reply.drop = a.reply.drop;
	return dot;
}

/*
 * hook.dot, then hook.forward, which may take the message over. Both find the
 * message alone in the file.
 */
static struct answer
ask_dot(struct session *s, bool *taken_over)
{
	struct transaction *tx = &s->tx;
	struct hook_arg args[3] = {HOOK_STRING(s->facts.msg_file),
	    HOOK_STRING(tx->sender)};
	struct answer a = {.go_on = false};
	struct buf list = {0};

	if (!hook_defined(s->hooks, HOOK_dot) &&
	    !hook_defined(s->hooks, HOOK_forward))
		return ANSWER_NONE;
	if (queue_in_flush(&s->in) == -1) {
		a.reply = session_trouble(s, "write");
		return a;
	}
	a = session_ask(s, HOOK_dot, args, 1);
	if (!a.go_on || tx->fate != FATE_QUEUE || tx->nrcpts == 0 ||
	    !hook_defined(s->hooks, HOOK_forward))
		return a;
	keep_text(s, &a.reply);
	for (size_t i = 0; i < tx->nrcpts; i++) {
		if (i > 0)
			buf_putc(&list, '\n');
		buf_put(&list, tx->addresses[i]);
	}
	args[2] = HOOK_LIST(arena_dup(&tx->arena, buf_span(&list)));
	buf_free(&list);
	return ask_forward(s, a, args, taken_over);
}

static void
fill_envelope(struct session *s, struct envelope *env)
{
	struct transaction *tx = &s->tx;

	memset(env, 0, sizeof *env);
	env->received_us = clock_wall_us();
	env->client_ip = s->peer.ip_text;
	env->client_port = s->peer.port;
	env->client_name = s->peer.name;
	env->local_ip = s->peer.local_ip_text;
	env->local_port = s->peer.local_port;
	env->protocol = s->facts.protocol;
	env->helo = s->helo;
	env->auth = s->auth_user;
	env->sender = tx->sender;
	env->params = tx->params;
	env->nedits = 1 + tx->edits.n;
	env->edits = arena_zalloc(&tx->arena,
	    env->nedits * sizeof *env->edits);
	if (tx->edits.n > 0)
		memcpy(env->edits + 1, tx->edits.v,
		    tx->edits.n * sizeof *env->edits);
	env->edits[0].kind = EDIT_PREPEND;
	env->edits[0].text =
	    received_format(s, env->received_us / 1000000);
	env->nrcpts = tx->nrcpts;
	env->rcpts = arena_zalloc(&tx->arena,
	    tx->nrcpts * sizeof *env->rcpts);
	for (size_t i = 0; i < tx->nrcpts; i++) {
		env->rcpts[i].state = RCPT_OPEN;
		env->rcpts[i].address = tx->rcpts[i].address;
		env->rcpts[i].params = tx->rcpts[i].params;
	}
}

static void
log_message(struct session *s, const struct arrival *a, const char *what)
{
	struct log l;

	log_open(&l, "message");
	log_str(&l, "id", s->tx.id);
	log_str(&l, "result", what);
	log_span(&l, "ip", s->peer.ip_text);
	log_span(&l, "sender", s->tx.sender);
	log_num(&l, "recipients", (int64_t)s->tx.nrcpts);
	log_num(&l, "size", (int64_t)a->size);
	log_send(&l);
}

/* The message is accepted, and nothing of it stays here. */
static struct reply
end_without_entry(struct session *s, const struct arrival *a,
    const char *what, struct reply answer)
{
	queue_in_abort(&s->in);
	log_message(s, a, what);
	s->messages++;
	s->junk = 0;
	if (s->tx.refusal.code != 0)
		return s->tx.refusal;
	return session_answer(answer,
	    session_replyf(s, 250, "2.0.0", "Ok %s", s->tx.id));
}

/* The commit: after its 0 nothing can be lost, before it nothing exists. */
static struct reply
commit(struct session *s, const struct arrival *a, struct reply answer)
{
	struct transaction *tx = &s->tx;
	struct envelope env;
	const char *place = "new";
	struct reply ok;

	if (tx->fate == FATE_DISCARD || tx->nrcpts == 0)
		return end_without_entry(s, a, "discarded", answer);
	if (s->dry_run) {
		answer.code = 0;
		answer.text = SPAN("Not queued, this is a dry run");
		return end_without_entry(s, a, "dry-run", answer);
	}
	if (tx->fate == FATE_QUARANTINE)
		place = tx->quarantine;
	fill_envelope(s, &env);
	if (s->controls.smarthost.n > 0 && tx->fate == FATE_QUEUE) {
		struct reply refusal = REPLY_NONE;
		enum smarthost_end end = smarthost_pass(s, &env, &refusal);

		if (end == SMARTHOST_REFUSED)
			return refusal;
		if (end == SMARTHOST_DONE)
			return end_without_entry(s, a, "passed-on", answer);
	}
	if (queue_in_commit(&s->in, &env, place) == -1) {
		if (errno == ENOSPC || errno == EDQUOT) {
			session_trouble(s, "commit");
			return REPLY(452, "4.3.1",
			    "No room for it, try again later");
		}
		return session_trouble(s, "commit");
	}
	log_message(s, a, place);
	s->messages++;
	s->junk = 0;
	if (tx->refusal.code != 0)
		return tx->refusal;
	ok = session_replyf(s, 250, "2.0.0", "Queued as %s", tx->id);
	return session_answer(answer, ok);
}

static struct reply
decide(struct session *s, struct arrival *a)
{
	struct reply r = check_message(s, a);
	struct answer answer;
	bool taken_over = false;

	if (r.code == 0) {
		feed_end(&a->feed, s);
		r = a->feed.refusal;
	}
	if (r.code != 0)
		return r;
	answer = ask_dot(s, &taken_over);
	if (!answer.go_on)
		return answer.reply;
	if (answer.reply.code == 0 && answer.reply.text.n == 0 &&
	    a->feed.words.text.n > 0) {
		answer.reply.text = a->feed.words.text;
		answer.reply.enhanced = a->feed.words.enhanced;
	}
	if (taken_over)
		return end_without_entry(s, a, "forwarded", answer.reply);
	return commit(s, a, answer.reply);
}

/* tmp/ID, before the client is told to go ahead. */
static int
open_entry(struct session *s)
{
	if (!s->queue_opened &&
	    queue_open(&s->queue, s->controls.queuedir) == -1)
		return -1;
	s->queue_opened = true;
	memcpy(s->in.id, s->tx.id, sizeof s->in.id);
	if (queue_in_open(&s->in, &s->queue) == -1)
		return -1;
	if (strcmp(s->in.id, s->tx.id) == 0)
		return 0;
	/* A sweeper took the name from us: the transaction follows. */
	memcpy(s->tx.id, s->in.id, sizeof s->tx.id);
	s->facts.msg_file = arena_printf(&s->tx.arena, "%s/tmp/%s",
	    s->controls.queuedir, s->tx.id);
	return 0;
}

struct reply
cmd_data_act(struct session *s, struct reply answer)
{
	struct arrival a = {0};
	struct reply r;
	int n;

	/* A script that wants the connection closed gets it without the
	 * message. */
	if (answer.drop)
		return REPLY(421, "4.7.0", "Closing the connection");
	if (open_entry(s) == -1)
		return session_trouble(s, s->controls.queuedir);
	session_reply(s, session_answer(answer,
	    REPLY(354, NULL, "Go ahead, end with <CRLF>.<CRLF>")));
	/* The line stands in the buffer that the message now comes into. */
	s->facts.input = arena_dup(&s->scratch, s->facts.input);
	a.started = clock_mono();
	s->scan = &a.header;
	s->message_ended = false;
	feed_start(&a.feed, s);
	s->verb = SPAN(".");
	n = read_message(s, &a);
	s->message_ended = n == 1;
	if (n != 1) {
		s->scan = NULL;
		feed_stop(&a.feed);
		queue_in_abort(&s->in);
		return session_lost(s, n);
	}
	r = decide(s, &a);
	r.drop |= a.feed.drop;
	s->scan = NULL;
	feed_stop(&a.feed);
	queue_in_abort(&s->in);
	s->reset_after = true;
	return r;
}
