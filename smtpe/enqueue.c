/* enqueue: see enqueue.h. */
#include "enqueue.h"
#include "log.h"
#include "qmailqueue.h"
#include "queue_group.h"
#include "queue_out.h"
#include "received.h"
#include "shed.h"
#include "smarthost.h"
#include <errno.h>

#define IDS_LINE 400 /* octets of ids in one line of a reply */

static bool
is_live(const struct batch *b)
{
	return b->fate != FATE_DISCARD && b->msg.nrcpts > 0 &&
	    (b->reply.code == 0 || b->kept);
}

static bool
is_entry(const struct batch *b)
{
	return is_live(b) && !b->passed;
}

bool
enqueue_took(const struct batch *b)
{
	return is_live(b) && b->reply.code == 0;
}

static const char *
place_of(const struct batch *b)
{
	return b->fate == FATE_QUARANTINE ? b->quarantine : "new";
}

/* The octets of a batch whose message a script has replaced; p NULL: as
 * received. */
static struct span
other_octets(const struct batch *b)
{
	return b->msg.replaced ? buf_span(&b->msg.data) :
				 span_make(NULL, 0);
}

static void
fill_envelope(struct session *s, struct batch *b)
{
	struct envelope *env = &b->env;

	message_envelope(&b->msg, env);
	env->id = span_of(b->id);
	env->received_us = b->msg.received_us;
	env->client_ip = s->peer.ip_text;
	env->client_port = s->peer.port;
	env->client_name = s->peer.name;
	env->local_ip = s->peer.local_ip_text;
	env->local_port = s->peer.local_port;
	env->protocol = received_protocol(s);
	env->helo = s->helo;
	env->auth = s->auth_user;
	if (session_encrypted(s))
		env->tls = arena_printf(&s->tx.arena, "%.*s:%.*s",
		    SPAN_ARG(s->facts.tls_protocol),
		    SPAN_ARG(s->facts.tls_cipher));
	env->params = s->tx.params;
	env->queue_config = b->queue_config;
}

/* --- the log --- */

static void
put_meta(struct log *l, const struct batch *b)
{
	struct buf text = {0};

	if (b->msg.nmeta == 0)
		return;
	for (size_t i = 0; i < b->msg.nmeta && text.n < LOG_LINE / 4; i++) {
		if (i > 0)
			buf_putc(&text, ' ');
		escape_put(&text, b->msg.meta[i].key);
		buf_putc(&text, '=');
		escape_put(&text, span_head(b->msg.meta[i].value, 200));
	}
	log_span(l, "meta", buf_span(&text));
	buf_free(&text);
}

static void
log_batch(struct session *s, const struct batch *b, const char *what)
{
	struct log l;

	log_open(&l, "message");
	log_str(&l, "id", b->id);
	log_str(&l, "result", what);
	log_span(&l, "ip", s->peer.ip_text);
	log_span(&l, "sender", b->msg.sender);
	log_num(&l, "recipients", (int64_t)b->msg.nrcpts);
	log_num(&l, "size", (int64_t)message_size(&b->msg));
	put_meta(&l, b);
	log_send(&l);
}

static void
log_all(struct session *s, const struct batches *b)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct batch *one = &b->v[i];

		if (is_entry(one))
			log_batch(s, one, s->dry_run ? "dry-run" :
						       place_of(one));
		else if (one->passed)
			log_batch(s, one, "passed-on");
		else if (one->reply.code == 0)
			log_batch(s, one, "discarded");
	}
}

/* --- others who take it --- */

static void
pass_one(struct session *s, struct batch *b)
{
	if (s->qmailqueue != NULL) {
		b->passed = qmailqueue_pass(s, &b->msg, &b->env,
		    &b->reply) == 0;
		return;
	}
	switch (smarthost_pass(s, &b->msg, &b->env, &b->reply, &b->due,
	    &b->history)) {
	case SMARTHOST_DONE:
		b->passed = true;
		break;
	case SMARTHOST_REFUSED:
		b->reply = transaction_keep(&s->tx, b->reply);
		break;
	case SMARTHOST_QUEUE:
		break;
	}
}

/*
 * What was taken of one batch cannot be taken back: then a batch that the
 * smart host refused becomes an entry, as a single recipient would, unless its
 * sender hears about it anyway. From QMAILQUEUE's program there is no way into
 * the queue: the sender hears of it.
 */
static struct reply
pass_on(struct session *s, struct batches *b, bool each)
{
	struct reply refusal = REPLY_NONE;
	size_t taken = 0;

	for (size_t i = 0; i < b->n; i++) {
		struct batch *one = &b->v[i];

		if (!is_live(one) || one->fate != FATE_QUEUE)
			continue;
		pass_one(s, one);
		taken += one->reply.code == 0;
		if (refusal.code == 0 || (refusal.code >= 500 &&
		    one->reply.code > 0 && one->reply.code < 500))
			refusal = one->reply;
	}
	if (each || refusal.code == 0)
		return REPLY_NONE;
	if (taken == 0 || s->qmailqueue != NULL)
		return refusal;
	for (size_t i = 0; i < b->n; i++) {
		struct batch *one = &b->v[i];

		if (one->fate != FATE_QUEUE || one->reply.code == 0)
			continue;
		one->reply = REPLY_NONE;
		one->due = smarthost_keep(s, &one->env);
	}
	return REPLY_NONE;
}

/* --- the queue --- */

static struct reply
no_commit(struct session *s)
{
	bool full = errno == ENOSPC || errno == EDQUOT;
	struct reply r = session_trouble(s, "commit");

	if (full)
		r = REPLY(452, "4.3.1", "No room for it, try again later");
	return r;
}

static int
commit_one(struct session *s, struct batch *b)
{
	struct span other = other_octets(b);

	if (other.p != NULL)
		queue_in_replace(&s->in, other);
	memcpy(s->in.id, b->id, sizeof s->in.id);
	s->in.due = b->due;
	return queue_in_commit(&s->in, &b->env, place_of(b));
}

static int
commit_group(struct session *s, struct batches *b)
{
	struct queue_group g;

	if (queue_group_open(&g, &s->in) == -1) {
		queue_in_abort(&s->in);
		return -1;
	}
	for (size_t i = 0; i < b->n; i++) {
		struct batch *one = &b->v[i];

		if (!is_entry(one) || queue_group_add(&g, &one->env,
			place_of(one), one->due, other_octets(one)) == 0)
			continue;
		queue_group_abort(&g);
		return -1;
	}
	return queue_group_commit(&g);
}

/* Only now: what is not committed has none. Nobody looks before it is due. */
static void
put_history(struct session *s, const struct batches *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (is_entry(&b->v[i]) && b->v[i].due > 0 &&
		    b->v[i].history.n > 0)
			queue_history(&s->queue, b->v[i].id,
			    b->v[i].history);
}

static struct reply
commit(struct session *s, struct batches *b)
{
	struct batch *last = NULL;
	size_t n = 0;
	int r;

	for (size_t i = 0; i < b->n; i++)
		if (is_entry(&b->v[i])) {
			last = &b->v[i];
			n++;
		}
	if (n == 0 || s->dry_run) {
		queue_in_abort(&s->in);
		return REPLY_NONE;
	}
	shed_commit_begins(s);
	r = n == 1 ? commit_one(s, last) : commit_group(s, b);
	if (r == -1)
		return no_commit(s);
	shed_commit_ends(s);
	put_history(s, b);
	return REPLY_NONE;
}

/* All or none: one that is refused takes the others with it, but for the
 * copy of a refused one that is to be kept. */
static struct reply
refusal_of(struct batches *b)
{
	struct reply r = REPLY_NONE;

	for (size_t i = 0; i < b->n && r.code == 0; i++)
		r = b->v[i].reply;
	for (size_t i = 0; i < b->n && r.code != 0; i++)
		if (b->v[i].reply.code == 0)
			b->v[i].reply = r;
	return r;
}

struct reply
enqueue(struct session *s, struct batches *b, bool each)
{
	struct reply refusal = REPLY_NONE, r;

	if (!each)
		refusal = refusal_of(b);
	for (size_t i = 0; i < b->n; i++)
		if (is_live(&b->v[i]))
			fill_envelope(s, &b->v[i]);
	if ((s->controls.smarthost.n > 0 || s->qmailqueue != NULL) &&
	    !s->dry_run) {
		r = pass_on(s, b, each);
		if (r.code != 0)
			return r;
	}
	r = commit(s, b);
	if (r.code != 0)
		return r;
	log_all(s, b);
	return refusal;
}

void
enqueue_ids(const struct batches *b, struct buf *out)
{
	size_t line = out->n;

	for (size_t i = 0; i < b->n; i++) {
		if (!enqueue_took(&b->v[i]))
			continue;
		if (out->n > line && out->n - line > IDS_LINE) {
			buf_putc(out, '\n');
			line = out->n;
		} else if (out->n > line) {
			buf_putc(out, ' ');
		}
		buf_puts(out, b->v[i].id);
	}
}
