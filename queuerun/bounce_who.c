/* bounce_who: see bounce_who.h. */
#include "bounce_who.h"
#include "num.h"
#include "params.h"
#include "utf8.h"

unsigned
who_bounce_level(const struct envelope *env)
{
	const struct envelope_meta *m =
	    envelope_meta_find(env, SPAN("bounce"));
	uint64_t n;

	if (m == NULL || num_parse_max(m->value, 100, &n) == -1)
		return 0;
	return (unsigned)n;
}

bool
who_is_utf8(const struct envelope *env, const struct report *r)
{
	struct span value;

	if (params_find(env->params, SPAN("SMTPUTF8"), &value) ||
	    utf8_needed(r->to) || utf8_needed(r->from))
		return true;
	for (size_t i = 0; i < r->nrcpts; i++)
		if (utf8_needed(r->rcpts[i].address))
			return true;
	return false;
}

/* Room for everybody, and for their numbers. */
static size_t *
start(struct entry *e, struct report *r)
{
	size_t n = e->out.env.nrcpts;

	r->rcpts = arena_zalloc(&e->out.arena, n * sizeof *r->rcpts);
	r->nrcpts = 0;
	return arena_alloc(&e->out.arena, n * sizeof(size_t));
}

/* The next one of the report, with what its sender asked for. */
static struct report_rcpt *
next(struct entry *e, struct report *r, size_t i)
{
	struct report_rcpt *t = &r->rcpts[r->nrcpts];

	memset(t, 0, sizeof *t);
	t->address = e->out.env.rcpts[i].address;
	dsn_rcpt_params(e->out.env.rcpts[i].params, &e->out.arena, &t->dsn);
	return t;
}

static bool
speaks_smtp(struct span agent)
{
	return span_eq(agent, SPAN("smtp")) || span_eq(agent, SPAN("lmtp"));
}

static bool
has_word(const struct result *r)
{
	return r->kind == RESULT_FAIL || r->kind == RESULT_LATER ||
	    r->kind == RESULT_DEFERRED || r->kind == RESULT_OK;
}

static void
from_result(struct report_rcpt *t, const struct result *r, int64_t now)
{
	t->status = r->enhanced;
	t->code = r->code;
	t->text = r->text;
	t->peer = r->peer;
	t->smtp = speaks_smtp(span_of(r->agent));
	t->tried = now;
	t->expired = r->kind == RESULT_LATER || r->kind == RESULT_DEFERRED;
}

static void
from_history(struct report_rcpt *t, const struct history_line *h)
{
	t->status = h->enhanced;
	t->code = h->code;
	t->text = h->text;
	t->peer = h->peer;
	t->smtp = speaks_smtp(h->agent);
	t->tried = h->time;
	t->expired = span_eq(h->outcome, SPAN("later"));
}

/* A failure's status is of class 5; of one that was tried for too long RFC
 * 3463 3.5 has 4.4.7. */
static void
fail_status(struct report_rcpt *t)
{
	t->action = "failed";
	if (t->expired)
		t->status = SPAN("4.4.7");
	else if (t->status.n < 5 || t->status.p[0] != '5')
		t->status = SPAN("5.0.0");
	if (t->text.n == 0)
		t->text = SPAN("the reason was not recorded");
}

/* The history, read at the first need. */
static struct span
read_history(struct queue *q, const struct entry *e, struct buf *text)
{
	if (text->p == NULL) {
		buf_reserve(text, 1);
		queue_history_read(q, e->out.name.id, text);
	}
	return buf_span(text);
}

size_t *
who_failed(struct queue *q, struct entry *e, struct report *r, int64_t now,
    bool *again)
{
	size_t *which = start(e, r);
	struct buf text = {0};

	for (size_t i = 0; i < e->out.env.nrcpts; i++) {
		struct report_rcpt *t = next(e, r, i);
		const struct result *result = &e->results[i];
		struct history_line h;

		if (e->out.env.rcpts[i].state != RCPT_FAILED)
			continue;
		*again = *again || result->kind == RESULT_NONE;
		/* NEVER, or SUCCESS and DELAY alone. Who has no name cannot
		 * have asked for anything. */
		if (r->kind == REPORT_FAILED && t->dsn.notify != 0 &&
		    (t->dsn.notify & DSN_FAILURE) == 0)
			continue;
		if (has_word(result))
			from_result(t, result, now);
		else if (history_last(read_history(q, e, &text), t->address,
			&e->out.arena, &h))
			from_history(t, &h);
		fail_status(t);
		which[r->nrcpts++] = i;
	}
	/* What was taken from it lives in the arena, or is copied now. */
	for (size_t i = 0; text.p != NULL && i < r->nrcpts; i++) {
		struct report_rcpt *t = &r->rcpts[i];

		t->status = arena_dup(&e->out.arena, t->status);
		t->text = arena_dup(&e->out.arena, t->text);
		t->peer = arena_dup(&e->out.arena, t->peer);
	}
	buf_free(&text);
	return which;
}

size_t *
who_reached(struct entry *e, struct report *r, int64_t now)
{
	size_t *which = start(e, r);

	for (size_t i = 0; i < e->out.env.nrcpts; i++) {
		const struct result *result = &e->results[i];
		struct report_rcpt *t;

		if (result->kind != RESULT_OK || result->passed)
			continue;
		t = next(e, r, i);
		if ((t->dsn.notify & DSN_SUCCESS) == 0)
			continue;
		from_result(t, result, now);
		t->action = result->relayed ? "relayed" : "delivered";
		if (t->status.n < 5 || t->status.p[0] != '2')
			t->status = SPAN("2.0.0");
		which[r->nrcpts++] = i;
	}
	return which;
}

void
who_waits(struct entry *e, struct report *r, int64_t now, bool all)
{
	start(e, r);
	for (size_t i = 0; i < e->out.env.nrcpts; i++) {
		const struct result *result = &e->results[i];
		struct report_rcpt *t;

		if (e->out.env.rcpts[i].state != RCPT_OPEN ||
		    (result->kind != RESULT_LATER &&
			result->kind != RESULT_DEFERRED))
			continue;
		t = next(e, r, i);
		if (t->dsn.notify != 0 ? (t->dsn.notify & DSN_DELAY) == 0 :
					 !all)
			continue;
		from_result(t, result, now);
		t->expired = false;
		t->action = "delayed";
		if (t->status.n < 5 || t->status.p[0] != '4')
			t->status = SPAN("4.0.0");
		r->nrcpts++;
	}
}

bool
who_was_warned(struct queue *q, const struct entry *e)
{
	struct buf text = {0};
	struct arena a = {0};
	struct span rest, line;
	struct history_line h;
	bool found = false;

	queue_history_read(q, e->out.name.id, &text);
	rest = buf_span(&text);
	while (!found && span_cut(&rest, '\n', &line))
		found = history_parse(line, &a, &h) &&
		    span_eq(h.word, SPAN("warning"));
	buf_free(&text);
	arena_free(&a);
	return found;
}
