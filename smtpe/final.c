/* final: see final.h. */
#include "final.h"
#include "enqueue.h"
#include "batch_judge.h"
#include "log.h"
#include "submission.h"
#include "trace.h"

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

static struct span
list_recipients(struct session *s, const struct message *m)
{
	struct buf list = {0};
	struct span kept;

	for (size_t i = 0; i < m->nrcpts; i++) {
		if (i > 0)
			buf_putc(&list, '\n');
		buf_put(&list, m->rcpts[i].address);
	}
	kept = arena_dup(&s->tx.arena, buf_span(&list));
	buf_free(&list);
	return kept;
}

/*
 * hook.dot, then hook.forward, which may take the message over. Both find the
 * message alone in the file.
 */
static struct answer
ask_dot(struct session *s, struct message *m, bool *taken_over)
{
	struct transaction *tx = &s->tx;
	struct hook_arg args[3] = {HOOK_STRING(s->facts.msg_file),
	    HOOK_MSG(m)};
	struct answer a;

	if (!hook_defined(s->hooks, HOOK_dot) &&
	    !hook_defined(s->hooks, HOOK_forward))
		return ANSWER_NONE;
	a = session_ask(s, HOOK_dot, args, 2);
	a.reply = transaction_keep(tx, a.reply);
	if (!a.go_on || tx->fate != FATE_QUEUE || m->nrcpts == 0 ||
	    !hook_defined(s->hooks, HOOK_forward))
		return a;
	args[1] = HOOK_STRING(m->sender);
	args[2] = HOOK_LIST(list_recipients(s, m));
	return ask_forward(s, a, args, taken_over);
}

/* Some hook will look at it: it is in the file. */
static bool
is_looked_at(const struct session *s)
{
	return hook_defined(s->hooks, HOOK_dot) ||
	    hook_defined(s->hooks, HOOK_forward) ||
	    hook_defined(s->hooks, HOOK_split) ||
	    hook_defined(s->hooks, HOOK_received);
}

static struct message *
start_message(struct session *s, const struct arrival *a)
{
	struct transaction *tx = &s->tx;
	struct message *m = session_message(s);

	m->id = span_of(tx->id);
	m->received_us = clock_wall_us();
	m->fd = s->in.fd;
	m->size = a->size;
	m->file = s->facts.msg_file;
	m->queue = &s->queue;
	m->sender = tx->sender;
	m->maxline = s->controls.maxline;
	m->maxsize = s->controls.databytes;
	session_take_metadata(s, m);
	for (size_t i = 0; i < tx->nrcpts; i++)
		message_put_rcpt(m, tx->rcpts[i].address,
		    tx->rcpts[i].params);
	return m;
}

/* Does each recipient, or batch, have a verdict of its own? */
static bool
is_each(const struct session *s)
{
	return s->controls.perrecipient || final_speaks_each(s);
}

#define HELD_MAX (256u << 20) /* octets that scripts made, of all batches */

/* A script that makes each batch another message holds all of them until the
 * last is judged, and how many there are is the client's choice. */
static void
judge_one(struct session *s, const struct message *m, struct batch *b,
    uint64_t *held)
{
	if (*held > HELD_MAX) {
		b->reply = REPLY(452, "4.3.1",
		    "Too much for one message, take fewer recipients");
		return;
	}
	judge_batch(s, b);
	if (b->msg.data.p != m->data.p)
		*held += b->msg.data.n;
}

static struct reply
judge_all(struct session *s, struct message *m, struct batches *b)
{
	struct reply r = batches_make(s, m, b);
	bool each = is_each(s);
	uint64_t held = 0;

	if (final_speaks_each(s))
		batches_note_members(s, b);
	/* All or none: nobody is asked about the rest of what is refused. */
	for (size_t i = 0; i < b->n; i++) {
		judge_one(s, m, &b->v[i], &held);
		if (b->v[i].reply.code != 0 && !each)
			break;
	}
	return r.code != 0 ? r : enqueue(s, b, each);
}

/* Nothing of it stays here: the script has it, or nobody. */
static void
end_without_entry(struct session *s, const struct message *m, const char *what)
{
	struct log l;

	queue_in_abort(&s->in);
	log_open(&l, "message");
	log_str(&l, "id", s->tx.id);
	log_str(&l, "result", what);
	log_span(&l, "ip", s->peer.ip_text);
	log_span(&l, "sender", m->sender);
	log_num(&l, "recipients", (int64_t)m->nrcpts);
	log_num(&l, "size", (int64_t)message_size(m));
	log_send(&l);
}

/* The words of the positive reply, where the script has given some. */
static struct answer
ask_hooks(struct session *s, const struct arrival *a, struct message *m,
    bool *taken_over)
{
	struct answer answer = {.go_on = false};

	if (is_looked_at(s) && queue_in_flush(&s->in) == -1) {
		answer.reply = session_trouble(s, "write");
		return answer;
	}
	answer = ask_dot(s, m, taken_over);
	if (answer.go_on && answer.reply.code == 0 &&
	    answer.reply.text.n == 0 && a->feed.words.text.n > 0) {
		answer.reply.text = a->feed.words.text;
		answer.reply.enhanced = a->feed.words.enhanced;
	}
	return answer;
}

/* What is said when all is well, by the script or by us. */
static void
find_words(struct session *s, struct final *f, bool taken_over)
{
	for (size_t i = 0; i < f->batches.n; i++) {
		struct reply w = f->batches.v[i].words;

		f->words.drop |= w.drop;
		if (f->words.code == 0 && f->words.text.n == 0 &&
		    (w.code != 0 || w.text.n > 0)) {
			w.drop |= f->words.drop;
			f->words = w;
		}
	}
	if (s->dry_run && !taken_over && s->tx.fate != FATE_DISCARD) {
		f->words.code = 0;
		f->words.text = SPAN("Not queued, this is a dry run");
	}
}

static struct reply
decide(struct session *s, const struct arrival *a, struct message *m,
    struct final *f)
{
	bool taken_over = false;
	struct answer answer;
	struct reply r = trace_disown(s, m);

	if (r.code != 0)
		return r;
	answer = ask_hooks(s, a, m, &taken_over);
	if (!answer.go_on)
		return answer.reply;
	f->words = transaction_keep(&s->tx, answer.reply);
	f->words.drop = answer.reply.drop;
	if (taken_over || s->tx.fate == FATE_DISCARD || m->nrcpts == 0)
		end_without_entry(s, m, taken_over ? "forwarded" :
						     "discarded");
	else
		r = judge_all(s, m, &f->batches);
	if (r.code != 0)
		return r;
	find_words(s, f, taken_over);
	return s->tx.refusal;
}

struct reply
final_verdict(struct session *s, struct arrival *a)
{
	struct final f = {0};
	struct reply r = arrival_check(s, a);
	struct message *m = NULL;

	if (r.code == 0) {
		feed_end(&a->feed, s);
		r = a->feed.refusal;
	}
	if (r.code == 0)
		r = submission_check(s);
	if (r.code == 0) {
		m = start_message(s, a);
		session_set_message(s, m);
		f.refusal = r = decide(s, a, m, &f);
		session_set_message(s, NULL);
	} else {
		f.refusal = r;
	}
	r = final_say(s, &f);
	batches_end(&f.batches);
	if (m != NULL)
		message_end(m);
	return r;
}
