/*
 * stage_attempt: before an attempt: predelivery, on the first one delivery and
 * deliver, too; and in the place of an agent, send. What they change of the
 * message is in the entry before anybody is given it.
 */
#include "clock.h"
#include "stage.h"
#include <stdio.h>
#include <stdlib.h>

#define ATTEMPT_FIELDS 4

/* The table `attempt', whose texts live in the entry's arena. */
static struct hook_arg
attempt_table(struct stage *s, struct entry *e, struct span recipients,
    size_t n, struct span route)
{
	struct arena *a = &e->out.arena;
	struct hook_field *f = arena_zalloc(a, ATTEMPT_FIELDS * sizeof *f);
	int64_t us = clock_wall_us() - e->out.env.received_us;

	(void)s;
	f[0] = (struct hook_field){.name = SPAN("recipients"),
	    .type = FIELD_LIST, .text = recipients, .items = n};
	f[1] = (struct hook_field){.name = SPAN("number"),
	    .type = FIELD_NUMBER,
	    .text = arena_printf(a, "%u", e->out.name.attempts + 1)};
	f[2] = (struct hook_field){.name = SPAN("route"),
	    .type = FIELD_STRING, .text = route};
	f[3] = (struct hook_field){.name = SPAN("age"), .type = FIELD_NUMBER,
	    .text = arena_printf(a, "%.6f", us > 0 ? (double)us / 1e6 : 0.0)};
	return HOOK_FIELDS(f, ATTEMPT_FIELDS);
}

static void
put_recipient(struct stage *s, const struct entry *e, size_t i, size_t *n)
{
	if ((*n)++ > 0)
		buf_putc(&s->text, '\n');
	buf_put(&s->text, e->out.env.rcpts[i].address);
}

static struct hook_arg
attempt_of_entry(struct stage *s, struct entry *e, struct span route)
{
	size_t n = 0;

	buf_reset(&s->text);
	for (size_t i = 0; i < e->out.env.nrcpts; i++)
		if (e->out.env.rcpts[i].state == RCPT_OPEN)
			put_recipient(s, e, i, &n);
	return attempt_table(s, e,
	    arena_dup(&e->out.arena, buf_span(&s->text)), n, route);
}

static bool
says_nothing(const struct stage_want *w)
{
	return w->kind == WANT_NOTHING && w->route.p == NULL &&
	    w->options.n == 0;
}

static void
ask(struct stage *s, struct entry *e, struct message *m, struct span route,
    struct stage_want *w)
{
	static const enum hook_id first[] = {HOOK_delivery, HOOK_deliver};
	struct hook_arg attempt = attempt_of_entry(s, e, route);

	*w = (struct stage_want){.kind = WANT_NOTHING};
	if (hook_defined(s->hooks, HOOK_predelivery))
		stage_run(s, e, HOOK_predelivery, m, &attempt, w);
	for (size_t i = 0; i < 2; i++)
		if (says_nothing(w) && e->out.name.attempts == 0 &&
		    hook_defined(s->hooks, first[i]))
			stage_run(s, e, first[i], m, &attempt, w);
}

static enum stage_next
act(struct stage *s, struct entry *e, const struct stage_want *w)
{
	int64_t now = clock_wall();

	switch (w->kind) {
	case WANT_NOTHING:
		e->route = w->route;
		e->options = w->options;
		return STAGE_GO;
	case WANT_QUARANTINE:
	case WANT_HOLD:
		(void)stage_move(s, e, w);
		return STAGE_OVER;
	case WANT_DEFER:
		if (w->timed)
			e->again = now + w->after;
		if (!w->uncounted)
			return stage_decide(s, e, w);
		(void)stage_later(s, e, w, w->timed ? e->again :
			retry_due(&s->retry, e->out.env.id, 1, now));
		return STAGE_OVER;
	default:
		return stage_decide(s, e, w);
	}
}

static enum stage_next
take_want(struct stage *s, struct entry *e, struct message *m,
    struct stage_want *w, bool *changed)
{
	char postq = e->out.env.postq;

	/* What it changed before it failed is not what it meant. */
	if (w->kind == WANT_FAILED)
		return stage_failed(s, e, w);
	if (*changed && message_open(m) == 0)
		w->kind = WANT_DISCARD;
	else if (*changed && w->kind != WANT_DISCARD) {
		if (stage_rewrite(s, e, m, postq, e->out.env.postq_result) ==
		    -1)
			return STAGE_OVER;
		entry_start(e);
	}
	return act(s, e, w);
}

enum stage_next
stage_predelivery(struct stage *s, struct entry *e, struct span route,
    bool *changed)
{
	enum stage_next next;
	struct message m;
	struct stage_want w;
	unsigned long edits;

	*changed = false;
	if (!hook_defined(s->hooks, HOOK_predelivery) &&
	    (e->out.name.attempts > 0 ||
		(!hook_defined(s->hooks, HOOK_delivery) &&
		    !hook_defined(s->hooks, HOOK_deliver))))
		return STAGE_GO;
	stage_message(s, e, &m);
	edits = m.edits->changes;
	ask(s, e, &m, route, &w);
	*changed = message_changed(&m, edits);
	next = take_want(s, e, &m, &w, changed);
	*changed = *changed || e->route.p != NULL || e->options.n > 0;
	message_end(&m);
	return next;
}

/* --- hook.send --- */

void
stage_result_group(struct entry *e, const struct plan_group *g,
    enum result_kind kind, const struct stage_want *w, const char *agent)
{
	for (size_t i = 0; i < g->nrcpts; i++) {
		struct result *r = &e->results[g->rcpts[i]];

		if (r->kind != RESULT_NONE)
			continue;
		entry_result(e, g->rcpts[i], kind, w->code, "", w->text,
		    agent);
		r->enhanced = w->enhanced;
	}
}

void
stage_send(struct stage *s, struct entry *e, struct plan_group *g)
{
	struct stage_want w = {.code = 451, .enhanced = SPAN("4.3.5"),
	    .text = SPAN("hook.send is not defined")};
	enum result_kind kind = RESULT_LATER;
	struct hook_arg attempt;
	struct message m;
	size_t n = 0;

	if (!hook_defined(s->hooks, HOOK_send)) {
		stage_result_group(e, g, RESULT_LATER, &w, "lua");
		return;
	}
	buf_reset(&s->text);
	for (size_t i = 0; i < g->nrcpts; i++)
		put_recipient(s, e, g->rcpts[i], &n);
	attempt = attempt_table(s, e,
	    arena_dup(&e->out.arena, buf_span(&s->text)), n, g->route);
	stage_message(s, e, &m);
	m.fixed = ~0u;
	stage_run(s, e, HOOK_send, &m, &attempt, &w);
	message_end(&m);
	if (w.kind == WANT_NOTHING) {
		kind = RESULT_OK;
		if (w.code == 0) {
			w.code = 250;
			w.enhanced = SPAN("2.0.0");
		}
	} else if (w.kind == WANT_REJECT) {
		kind = RESULT_FAIL;
	} else if (w.kind == WANT_FAILED) {
		w.code = 451;
		w.enhanced = SPAN("4.3.0");
		w.text = SPAN("hook.send failed");
	}
	if (w.kind == WANT_DEFER && w.timed)
		e->again = clock_wall() + w.after;
	stage_result_group(e, g, kind, &w, "lua");
}
