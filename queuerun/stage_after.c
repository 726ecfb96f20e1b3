/*
 * stage_after: hook.postdelivery, once for each recipient that an attempt was
 * about, before what it gave is settled. A delivered recipient stays
 * delivered: its mark is written before the first hook runs, so that no hook
 * can make the attempt be repeated.
 */
#include "clock.h"
#include "log.h"
#include "stage.h"
#include <stdio.h>

#define RESULT_FIELDS 10

static const char *
action_of(enum result_kind kind, bool expired)
{
	switch (kind) {
	case RESULT_OK:
	case RESULT_DISCARD:
		return "delivered";
	case RESULT_FAIL:
		return "bounce";
	default:
		return expired ? "expired" : "retry";
	}
}

/* The table `result'. */
static struct hook_arg
result_table(struct entry *e, size_t i, bool expired)
{
	struct arena *a = &e->out.arena;
	struct hook_field *f = arena_zalloc(a, RESULT_FIELDS * sizeof *f);
	const struct result *r = &e->results[i];
	size_t n = 0;

#define TEXT(key, value)                                                       \
	(f[n++] = (struct hook_field){.name = SPAN(key),                      \
	    .type = FIELD_STRING, .text = (value)})
#define NUMBER(key, ...)                                                       \
	(f[n++] = (struct hook_field){.name = SPAN(key),                      \
	    .type = FIELD_NUMBER, .text = arena_printf(a, __VA_ARGS__)})
	TEXT("recipient", e->out.env.rcpts[i].address);
	TEXT("action", span_of(action_of(r->kind, expired)));
	NUMBER("code", "%d", r->code);
	TEXT("enhanced", r->enhanced);
	TEXT("text", r->text);
	TEXT("agent", span_of(r->agent));
	if (r->peer.n > 0)
		TEXT("remote", r->peer);
	NUMBER("attempt", "%u", e->out.name.attempts + 1);
	NUMBER("duration", "%lld.%03d", (long long)(r->ms / 1000),
	    (int)(r->ms % 1000));
#undef TEXT
#undef NUMBER
	return HOOK_FIELDS(f, n);
}

static void
requeue(struct stage *s, struct entry *e, struct message *m,
    const struct stage_want *w)
{
	if (w->queue.p != NULL)
		(void)message_set_meta(m, SPAN("queue"), META_STRING,
		    w->queue.n > 0 ? w->queue : span_make(NULL, 0));
	if (w->route.p != NULL)
		(void)message_set_meta(m, SPAN("route"), META_STRING,
		    w->route);
	(void)s;
	e->again = clock_wall() + (w->timed ? w->after : 0);
}

/* What the script wants of one recipient that is not delivered. */
static void
apply(struct stage *s, struct entry *e, size_t i, struct message *m,
    const struct stage_want *w)
{
	struct result *r = &e->results[i];

	switch (w->kind) {
	case WANT_REJECT:
		r->kind = RESULT_FAIL;
		break;
	case WANT_DISCARD:
		r->kind = RESULT_DISCARD;
		return;
	case WANT_DEFER:
		r->kind = RESULT_LATER;
		e->keep = true;
		if (w->timed)
			e->again = clock_wall() + w->after;
		break;
	case WANT_QUARANTINE:
	case WANT_HOLD:
		r->kind = RESULT_LATER;
		e->keep = true;
		e->place = w->place;
		e->why = w->text;
		break;
	default:
		if (w->route.p == NULL && w->queue.p == NULL)
			return;
		r->kind = RESULT_LATER;
		e->keep = true;
		requeue(s, e, m, w);
		return;
	}
	if (w->code != 0 && w->text.n > 0) {
		r->code = w->code;
		r->enhanced = w->enhanced;
		r->text = span_head(w->text, RESULT_TEXT_MAX);
	}
}

/* Whose name is on the message is not lost with a worker. */
static void
mark_delivered(struct stage *s, struct entry *e)
{
	for (size_t i = 0; i < e->out.env.nrcpts; i++)
		if (e->out.env.rcpts[i].state == RCPT_OPEN &&
		    e->results[i].kind == RESULT_OK &&
		    queue_out_mark(&e->out, i, RCPT_DELIVERED) == -1) {
			stage_trouble(s, e, "mark it");
			return;
		}
}

void
stage_delivered(struct stage *s, struct entry *e)
{
	if (hook_defined(s->hooks, HOOK_postdelivery))
		mark_delivered(s, e);
}

void
stage_postdelivery(struct stage *s, struct entry *e, bool expired)
{
	struct stage_want w;
	struct message *m;

	if (!hook_defined(s->hooks, HOOK_postdelivery))
		return;
	/* It may be wanted until the marks are durable. */
	m = arena_alloc(&e->out.arena, sizeof *m);
	stage_message(s, e, m);
	m->fixed = MESSAGE_RCPTS;
	for (size_t i = 0; i < e->out.env.nrcpts; i++) {
		enum result_kind kind = e->results[i].kind;
		struct hook_arg result;

		if (kind == RESULT_NONE || kind == RESULT_UNTRIED ||
		    kind == RESULT_DEFERRED)
			continue;
		result = result_table(e, i, expired);
		stage_run(s, e, HOOK_postdelivery, m, &result, &w);
		if (w.kind == WANT_FAILED)
			continue;
		if (kind != RESULT_OK && kind != RESULT_DISCARD)
			apply(s, e, i, m, &w);
		else if (w.kind != WANT_NOTHING || w.route.p != NULL ||
		    w.queue.p != NULL)
			log_warn("hook-ignored", "hook.postdelivery: %s is "
			    "delivered and stays so", e->out.name.id);
	}
	if (message_changed(m, 0))
		e->changed = m;
	else
		message_end(m);
}

void
stage_record(struct stage *s, struct entry *e, bool stays)
{
	struct message *m = e->changed;

	e->changed = NULL;
	if (m == NULL)
		return;
	/* The states as they have become. */
	for (size_t i = 0; i < m->nrcpts; i++)
		m->rcpts[i].state = e->out.env.rcpts[i].state;
	if (stays)
		(void)stage_rewrite(s, e, m, e->out.env.postq,
		    e->out.env.postq_result);
	message_end(m);
}

int
stage_put_away(struct stage *s, struct entry *e)
{
	struct stage_want w = {.hook = "postdelivery", .place = e->place,
	    .text = e->why, .kind = WANT_QUARANTINE};

	if (strcmp(e->place, "hold") == 0)
		w.kind = WANT_HOLD;
	return stage_move(s, e, &w);
}
