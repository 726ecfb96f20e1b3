/* final_say: what the client hears about its message (final.h). */
#include "enqueue.h"
#include "final.h"
#include "spanmap.h"

bool
final_speaks_each(const struct session *s)
{
	return s->controls.lmtp || (s->tx.prdr && s->tx.answered > 1);
}

/* The positive reply, for these batches. */
static struct reply
say_ok(struct session *s, const struct final *f, const struct batches *b)
{
	struct buf ids = {0};
	bool entry = false;
	struct reply r;

	for (size_t i = 0; i < b->n; i++)
		entry |= enqueue_took(&b->v[i]) && !b->v[i].passed;
	enqueue_ids(b, &ids);
	if (ids.n == 0)
		buf_puts(&ids, s->tx.id);
	r = session_replyf(s, 250, "2.0.0", "%s%.*s",
	    entry ? "Queued as " : "Ok ", SPAN_ARG(ids));
	buf_free(&ids);
	return session_answer(f->words, r);
}

/* A refusal that the client can act on by trying again loses nothing: a 4xx
 * for one comes before a 5xx for another. */
static struct reply
worst(const struct batches *b)
{
	struct reply r = REPLY_NONE;

	for (size_t i = 0; i < b->n; i++) {
		struct reply one = b->v[i].reply;

		if (one.code != 0 && (r.code == 0 ||
		    (r.code >= 500 && one.code < 500)))
			r = one;
	}
	return r;
}

static struct reply
say_once(struct session *s, struct final *f)
{
	struct reply r = f->refusal;

	if (r.code == 0)
		r = worst(&f->batches);
	return r.code != 0 ? r : say_ok(s, f, &f->batches);
}

/* --- a reply for each recipient --- */

/* Which batch a recipient was put into; hook.received may have made others
 * of them, and still it is its batch that speaks for it. */
static void
index_batches(struct session *s, const struct final *f, struct spanmap *map)
{
	size_t n = 0;

	for (size_t i = 0; i < f->batches.n; i++)
		n += f->batches.v[i].nmembers;
	spanmap_init(map, n, span_of(s->tx.id), &s->tx.arena);
	for (size_t i = 0; i < f->batches.n; i++) {
		const struct batch *b = &f->batches.v[i];

		for (size_t k = 0; k < b->nmembers; k++)
			*spanmap_put(map, b->members[k]) = i + 1;
	}
}

/* rcpt NULL: one that a script has discarded. */
static struct reply
say_for(struct session *s, struct final *f, const struct spanmap *map,
    const struct recipient *rcpt)
{
	const size_t *at = rcpt != NULL ? spanmap_find(map, rcpt->address) :
					  NULL;
	struct batches one = {0};

	if (f->refusal.code != 0)
		return f->refusal;
	if (at != NULL)
		one = (struct batches){&f->batches.v[*at - 1], 1};
	if (one.n > 0 && one.v->reply.code != 0)
		return one.v->reply;
	return say_ok(s, f, &one);
}

/* A client that brings many recipients makes one error with a message that
 * they all refuse: it is not sent away for it. Refused as a whole, one line of
 * the log tells it. */
static void
send_one(struct session *s, const struct final *f, struct reply r)
{
	session_reply(s, r);
	s->counted |= r.code >= 400;
	s->repeated = f->refusal.code != 0;
}

/* Sends them, in the order of the RCPT commands, all but the last where
 * last is not NULL; true when somebody was accepted. */
static bool
say_each(struct session *s, struct final *f, struct reply *last)
{
	const struct transaction *tx = &s->tx;
	struct spanmap map;
	bool taken = false;
	size_t next = 0;

	index_batches(s, f, &map);
	for (size_t i = 0; i < tx->answered; i++) {
		const struct recipient *rcpt = NULL;
		struct reply r;

		if (next < tx->nrcpts && tx->rcpts[next].number == i)
			rcpt = &tx->rcpts[next++];
		r = say_for(s, f, &map, rcpt);
		taken |= reply_positive(r);
		if (last != NULL && i + 1 == tx->answered) {
			*last = r;
			break;
		}
		/* The connection ends behind the last one. */
		f->words.drop |= r.drop;
		r.drop = false;
		send_one(s, f, r);
	}
	return taken;
}

/* draft-hall-prdr: 353, a reply for each, and one for all. A message that is
 * refused as a whole is refused with one reply. */
static struct reply
say_prdr(struct session *s, struct final *f)
{
	struct reply r;

	if (f->refusal.code != 0)
		return f->refusal;
	session_reply(s, REPLY(353, NULL, "A reply for each follows"));
	if (say_each(s, f, NULL))
		return say_ok(s, f, &f->batches);
	r = worst(&f->batches);
	r.drop |= f->words.drop;
	return r;
}

struct reply
final_say(struct session *s, struct final *f)
{
	struct reply r = REPLY_NONE;
	bool taken = f->refusal.code == 0;

	if (s->controls.lmtp) {
		taken = say_each(s, f, &r);
		r.drop |= f->words.drop;
	} else if (final_speaks_each(s)) {
		r = say_prdr(s, f);
		taken = reply_positive(r);
	} else {
		r = say_once(s, f);
		taken = reply_positive(r) || s->tx.refusal.code != 0;
	}
	if (taken) {
		s->messages++;
		s->junk = 0;
	}
	return r;
}
