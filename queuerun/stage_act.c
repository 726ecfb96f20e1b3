/*
 * stage_act: what a stage decided is done: results without an agent, another
 * time, another place, another content. The reason is in the history before
 * the name changes.
 */
#include "clock.h"
#include "history.h"
#include "log.h"
#include "schedule.h"
#include "stage.h"
#include <errno.h>

static const char *const words[] = {
    [WANT_NOTHING] = "nothing",
    [WANT_REJECT] = "reject",
    [WANT_DEFER] = "defer",
    [WANT_DISCARD] = "discard",
    [WANT_QUARANTINE] = "quarantine",
    [WANT_HOLD] = "hold",
    [WANT_FAILED] = "error",
};

/* What is told about it: in the log, and as a line of the history. */
static void
note(struct stage *s, struct entry *e, const struct stage_want *w,
    int64_t now)
{
	struct log l;

	log_open(&l, "stage");
	log_str(&l, "id", e->out.name.id);
	log_str(&l, "hook", w->hook);
	log_str(&l, "outcome", words[w->kind]);
	if (w->place != NULL)
		log_str(&l, "place", w->place);
	log_span(&l, "text", w->text);
	log_send(&l);
	buf_reset(&s->text);
	history_put_hook(&s->text, now, w->hook, words[w->kind],
	    w->place != NULL ? span_of(w->place) : span_make(NULL, 0),
	    w->text);
}

void
stage_result_all(struct entry *e, enum result_kind kind,
    const struct stage_want *w)
{
	for (size_t i = 0; i < e->out.env.nrcpts; i++)
		if (e->out.env.rcpts[i].state == RCPT_OPEN &&
		    e->results[i].kind == RESULT_NONE) {
			entry_result(e, i, kind, w->code, "", w->text,
			    w->hook);
			e->results[i].enhanced = w->enhanced;
		}
}

enum stage_next
stage_decide(struct stage *s, struct entry *e, const struct stage_want *w)
{
	struct stage_want full = *w;

	(void)s;
	if (w->kind == WANT_DISCARD) {
		full.code = 250;
		full.enhanced = SPAN("2.0.0");
		if (full.text.n == 0)
			full.text = SPAN("discarded");
		stage_result_all(e, RESULT_DISCARD, &full);
	} else {
		stage_result_all(e, w->kind == WANT_REJECT ? RESULT_FAIL :
							     RESULT_LATER,
		    &full);
	}
	return STAGE_SETTLE;
}

int
stage_later(struct stage *s, struct entry *e, const struct stage_want *w,
    int64_t due)
{
	int64_t now = clock_wall();
	int64_t latest = now + schedule_horizon(s->controls, &s->retry);

	if (due > latest)
		due = latest;
	note(s, e, w, now);
	history_put_due(&s->text, now, due, e->out.name.attempts);
	queue_history(s->q, e->out.name.id, buf_span(&s->text));
	if (queue_out_due(&e->out, due, e->out.name.attempts) == 0) {
		if (s->next_due != NULL && due < *s->next_due)
			*s->next_due = due;
		return 0;
	}
	stage_trouble(s, e, "give it its next time");
	return -1;
}

enum stage_next
stage_failed(struct stage *s, struct entry *e, const struct stage_want *w)
{
	(void)stage_later(s, e, w,
	    retry_due(&s->retry, e->out.env.id, 1, clock_wall()));
	return STAGE_OVER;
}

int
stage_move(struct stage *s, struct entry *e, const struct stage_want *w)
{
	note(s, e, w, clock_wall());
	queue_history(s->q, e->out.name.id, buf_span(&s->text));
	if (queue_out_move(&e->out, w->place) == 0)
		return 0;
	stage_trouble(s, e, "move it");
	return -1;
}

int
stage_rewrite(struct stage *s, struct entry *e, struct message *m,
    char postq, struct span result)
{
	struct envelope env = e->out.env;
	struct span data = {NULL, 0};

	message_envelope(m, &env);
	env.postq = postq;
	env.postq_result = result;
	if (m->replaced)
		data = buf_span(&m->data);
	if (queue_out_rewrite(&e->out, &env, data) == 0)
		return 0;
	stage_trouble(s, e, "write what the script changed");
	return -1;
}

void
stage_leave(struct stage *s, struct entry *e)
{
	hook_context_end(s->hooks, &e->context);
}
