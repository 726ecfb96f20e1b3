/* batch: see batch.h. */
#include "batch.h"
#include "domains.h"
#include "log.h"
#include "spanmap.h"
#include <stdio.h>

/* Which batch each recipient of m is in, counted from 0; done ones are in
 * none. */
struct partition {
	size_t *of; /* one for each recipient of m */
	size_t n;   /* batches */
};
#define NO_BATCH SIZE_MAX

static void
all_together(const struct message *m, struct partition *p)
{
	for (size_t i = 0; i < m->nrcpts; i++)
		p->of[i] = 0;
	p->n = 1;
}

static void
each_alone(const struct message *m, struct partition *p)
{
	for (size_t i = 0; i < m->nrcpts; i++)
		p->of[i] = i;
	p->n = m->nrcpts;
}

/* In the order in which the domains come first. */
static void
by_domain(struct session *s, const struct message *m, struct partition *p)
{
	struct spanmap map;
	struct span first = domains_of(m->rcpts[0].address);
	size_t i = 1;

	/* The usual case needs no map. */
	while (i < m->nrcpts && span_eq(domains_of(m->rcpts[i].address),
	    first))
		i++;
	if (i == m->nrcpts) {
		all_together(m, p);
		return;
	}
	spanmap_init(&map, m->nrcpts, span_of(s->tx.id), &s->tx.arena);
	p->n = 0;
	for (i = 0; i < m->nrcpts; i++) {
		size_t *at = spanmap_put(&map,
		    domains_of(m->rcpts[i].address));

		if (*at == 0)
			*at = ++p->n;
		p->of[i] = *at - 1;
	}
}

/* --- hook.split --- */

static struct reply
wrong_split(struct session *s, size_t list, struct span rcpt, const char *why)
{
	struct hook_field f = {.text = rcpt};
	char name[32];

	snprintf(name, sizeof name, "list %zu", list);
	f.name = span_of(name);
	return session_wrong_field(s, HOOK_split, &f, why);
}

/* Chains of recipients with the same address, each to be used once. */
struct unused {
	struct spanmap map; /* the first one of an address, from 1 */
	size_t *next;	    /* the next one of the same, from 1; 0: none */
};

static void
collect(struct session *s, const struct message *m, struct unused *u)
{
	spanmap_init(&u->map, m->nrcpts, span_of(s->tx.id), &s->tx.arena);
	u->next = arena_zalloc(&s->tx.arena, m->nrcpts * sizeof *u->next);
	for (size_t i = m->nrcpts; i > 0; i--) {
		size_t *at = spanmap_put(&u->map, m->rcpts[i - 1].address);

		u->next[i - 1] = *at;
		*at = i;
	}
}

/* The recipients of one list; an empty list makes no batch. */
static struct reply
take_list(struct session *s, const struct hook_field *f, size_t number,
    struct unused *u, struct partition *p, size_t *taken)
{
	struct span rest = f->text, item;

	for (size_t i = 0; i < f->items; i++) {
		struct address a;
		size_t *at;

		span_cut(&rest, '\n', &item);
		if (address_parse(item, &s->scratch, &a) != NULL)
			a.text = item;
		at = spanmap_find(&u->map, a.text);
		if (at == NULL)
			return wrong_split(s, number, item,
			    "is no recipient of the message");
		if (*at == 0)
			return wrong_split(s, number, item,
			    "is there too often");
		p->of[*at - 1] = p->n;
		*at = u->next[*at - 1];
		(*taken)++;
	}
	p->n += f->items > 0;
	return REPLY_NONE;
}

static struct reply
read_split(struct session *s, const struct message *m,
    const struct answer *a, struct partition *p)
{
	struct unused u;
	size_t taken = 0;

	collect(s, m, &u);
	p->n = 0;
	for (size_t i = 0; i < m->nrcpts; i++)
		p->of[i] = NO_BATCH;
	for (size_t i = 0; i < a->nfields; i++) {
		struct reply r = take_list(s, &a->fields[i], i + 1, &u, p,
		    &taken);

		if (r.code != 0)
			return r;
	}
	for (size_t i = 0; taken < m->nrcpts && i < m->nrcpts; i++)
		if (p->of[i] == NO_BATCH)
			return wrong_split(s, a->nfields, m->rcpts[i].address,
			    "is in no list");
	return REPLY_NONE;
}

static struct reply
divide(struct session *s, struct message *m, struct partition *p)
{
	/* qmail-smtpd gives its program all recipients at once. */
	struct span mode = s->qmailqueue != NULL ? SPAN("all") :
						   s->controls.batch;

	p->of = arena_alloc(&s->tx.arena, m->nrcpts * sizeof *p->of);
	if (hook_defined(s->hooks, HOOK_split)) {
		struct hook_arg arg = HOOK_MSG(m);
		struct answer a;

		m->fixed = MESSAGE_RCPTS;
		a = session_ask(s, HOOK_split, &arg, 1);
		m->fixed = 0;
		if (!a.go_on)
			return a.reply;
		if (a.table)
			return read_split(s, m, &a, p);
	}
	if (span_eq(mode, SPAN("all")))
		all_together(m, p);
	else if (span_eq(mode, SPAN("recipient")))
		each_alone(m, p);
	else
		by_domain(s, m, p);
	return REPLY_NONE;
}

/* --- the batches --- */

static void
make_batch(struct session *s, struct message *m, const struct partition *p,
    size_t number, struct batch *b)
{
	struct transaction *tx = &s->tx;

	memcpy(b->id, tx->id, sizeof b->id);
	if (p->n > 1)
		snprintf(b->id, sizeof b->id, "%.*s-%zu", ID_LEN, tx->id,
		    number + 1);
	message_copy(&b->msg, m, &tx->arena);
	b->msg.id = span_of(b->id);
	b->msg.changed &= MESSAGE_DATA;
	b->fate = tx->fate;
	b->quarantine = tx->quarantine;
}

struct reply
batches_make(struct session *s, struct message *m, struct batches *b)
{
	struct partition p = {0};
	struct reply r = divide(s, m, &p);
	struct message empty;

	*b = (struct batches){0};
	if (r.code != 0)
		return r;
	b->v = arena_zalloc(&s->tx.arena, p.n * sizeof *b->v);
	b->n = p.n;
	if (p.n == 1) {
		make_batch(s, m, &p, 0, &b->v[0]);
		return REPLY_NONE;
	}
	/* Everything of m but its recipients, which are dealt out. */
	empty = *m;
	empty.nrcpts = 0;
	for (size_t i = 0; i < p.n; i++)
		make_batch(s, &empty, &p, i, &b->v[i]);
	for (size_t i = 0; i < m->nrcpts; i++)
		message_deal(&b->v[p.of[i]].msg, &m->rcpts[i]);
	return REPLY_NONE;
}

void
batches_note_members(struct session *s, struct batches *b)
{
	for (size_t i = 0; i < b->n; i++) {
		struct batch *one = &b->v[i];
		struct span *v = arena_alloc(&s->tx.arena,
		    one->msg.nrcpts * sizeof *v);

		for (size_t k = 0; k < one->msg.nrcpts; k++)
			v[k] = one->msg.rcpts[k].address;
		one->members = v;
		one->nmembers = one->msg.nrcpts;
	}
}

void
batches_end(struct batches *b)
{
	for (size_t i = 0; i < b->n; i++)
		message_end(&b->v[i].msg);
	b->n = 0;
}

void
batch_quarantine(struct session *s, struct batch *b, struct span name,
    struct reply refusal)
{
	if (b->fate != FATE_QUEUE)
		return;
	b->fate = FATE_QUARANTINE;
	b->quarantine = arena_printf(&s->tx.arena, "quarantine/%.*s",
	    SPAN_ARG(name)).p;
	b->kept = refusal.code != 0;
	b->reply = transaction_keep(&s->tx, refusal);
}
