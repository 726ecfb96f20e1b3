/* final: see final.h. */
#include "final.h"
#include "log.h"
#include "received.h"
#include "shed.h"
#include "smarthost.h"
#include "submission.h"
#include <errno.h>

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
	env->protocol = received_protocol(s);
	env->helo = s->helo;
	env->auth = s->auth_user;
	if (session_encrypted(s))
		env->tls = arena_printf(&tx->arena, "%.*s:%.*s",
		    SPAN_ARG(s->facts.tls_protocol),
		    SPAN_ARG(s->facts.tls_cipher));
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
	shed_commit_begins(s);
	if (queue_in_commit(&s->in, &env, place) == -1) {
		if (errno == ENOSPC || errno == EDQUOT) {
			session_trouble(s, "commit");
			return REPLY(452, "4.3.1",
			    "No room for it, try again later");
		}
		return session_trouble(s, "commit");
	}
	shed_commit_ends(s);
	log_message(s, a, place);
	s->messages++;
	s->junk = 0;
	if (tx->refusal.code != 0)
		return tx->refusal;
	ok = session_replyf(s, 250, "2.0.0", "Queued as %s", tx->id);
	return session_answer(answer, ok);
}

struct reply
final_verdict(struct session *s, struct arrival *a)
{
	struct reply r = arrival_check(s, a);
	struct answer answer;
	bool taken_over = false;

	if (r.code == 0) {
		feed_end(&a->feed, s);
		r = a->feed.refusal;
	}
	if (r.code == 0)
		r = submission_check(s);
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
