/*
 * stage_postq: the stage between the 250 and the first attempt. It is asked
 * until its answer is in the entry, and then never again. What it changed and
 * what it wants go into the entry by one rename; where it changed and wants
 * nothing one octet of the entry says so.
 *
 * A result that means another place or time is in the entry first and is then
 * carried out, by us or, when we are dead, by the next runner.
 */
#include "clock.h"
#include "num.h"
#include "stage.h"

/* "reject 550 5.7.1 text", as smtpe-queue(5) has it. */
static struct span
format_result(struct stage *s, struct entry *e, const struct stage_want *w,
    int64_t due)
{
	struct buf *b = &s->text;

	buf_reset(b);
	switch (w->kind) {
	case WANT_QUARANTINE:
		buf_puts(b, w->place);
		/* "quarantine/NAME" */
		b->p[sizeof "quarantine" - 1] = ' ';
		break;
	case WANT_HOLD:
		buf_printf(b, "hold %.*s", SPAN_ARG(w->text));
		break;
	case WANT_DEFER:
		buf_printf(b, "defer %lld %d %.*s %.*s", (long long)due,
		    w->code, SPAN_ARG(w->enhanced), SPAN_ARG(w->text));
		break;
	default:
		buf_printf(b, "reject %d %.*s %.*s", w->code,
		    SPAN_ARG(w->enhanced), SPAN_ARG(w->text));
	}
	return arena_dup(&e->out.arena, buf_span(b));
}

static bool
parse_code(struct span *rest, struct stage_want *w)
{
	struct span word;
	uint64_t code;

	if (!span_word(rest, &word) ||
	    num_parse_max(word, 599, &code) == -1 || code < 400 ||
	    !span_word(rest, &w->enhanced))
		return false;
	w->code = (int)code;
	w->text = span_skip(*rest, 1);
	return true;
}

/* What is in the entry; false for what no version of ours has written. */
static bool
parse_result(struct entry *e, struct span rest, struct stage_want *w,
    int64_t *due)
{
	struct span word, name;
	uint64_t t;

	*w = (struct stage_want){.hook = "postq", .text = SPAN("")};
	if (!span_word(&rest, &word))
		return false;
	if (span_eq(word, SPAN("quarantine"))) {
		w->kind = WANT_QUARANTINE;
		if (!span_word(&rest, &name) || !queue_place_valid(name))
			return false;
		w->place = arena_printf(&e->out.arena, "quarantine/%.*s",
		    SPAN_ARG(name)).p;
		return true;
	}
	if (span_eq(word, SPAN("hold"))) {
		w->kind = WANT_HOLD;
		w->place = "hold";
		w->text = span_skip(rest, 1);
		return true;
	}
	if (span_eq(word, SPAN("reject"))) {
		w->kind = WANT_REJECT;
		return parse_code(&rest, w) && w->code >= 500;
	}
	w->kind = WANT_DEFER;
	if (!span_eq(word, SPAN("defer")) || !span_word(&rest, &word) ||
	    num_parse_max(word, INT64_MAX / 2, &t) == -1)
		return false;
	*due = (int64_t)t;
	return parse_code(&rest, w);
}

/* It is done; whoever takes the entry next goes on behind it. */
static enum stage_next
done(struct stage *s, struct entry *e, enum stage_next next)
{
	if (queue_out_mark_postq(&e->out, POSTQ_DONE) == 0)
		return next;
	stage_trouble(s, e, "mark it");
	return STAGE_OVER;
}

/* What no version of ours has written waits for one that has. */
static enum stage_next
unknown_result(struct stage *s, struct entry *e)
{
	struct stage_want w = {.kind = WANT_FAILED, .hook = "postq",
	    .text = SPAN("its result in the entry is unknown")};

	return stage_failed(s, e, &w);
}

static enum stage_next
carry_out(struct stage *s, struct entry *e)
{
	struct stage_want w;
	int64_t due = 0;
	int moved;

	if (!parse_result(e, e->out.env.postq_result, &w, &due))
		return unknown_result(s, e);
	switch (w.kind) {
	case WANT_REJECT:
		return stage_decide(s, e, &w);
	case WANT_DEFER:
		if (clock_wall() >= due)
			return done(s, e, STAGE_GO);
		moved = stage_later(s, e, &w, due);
		break;
	default:
		moved = stage_move(s, e, &w);
	}
	return moved == 0 ? done(s, e, STAGE_OVER) : STAGE_OVER;
}

static enum stage_next
take_result(struct stage *s, struct entry *e, struct message *m,
    struct stage_want *w, bool changed)
{
	struct span result = {"", 0};
	int64_t due = 0;

	if (w->kind == WANT_FAILED)
		return stage_failed(s, e, w);
	/* To take it away is one step: there is nothing to record. */
	if (w->kind == WANT_DISCARD || message_open(m) == 0) {
		w->kind = WANT_DISCARD;
		return stage_decide(s, e, w);
	}
	if (w->kind == WANT_DEFER) {
		due = clock_wall();
		due = w->timed ? due + w->after :
				 retry_due(&s->retry, e->out.env.id, 1, due);
	}
	if (w->kind != WANT_NOTHING)
		result = format_result(s, e, w, due);
	else if (!changed && e->out.env.postq_offset != 0)
		return done(s, e, STAGE_GO);
	if (stage_rewrite(s, e, m, result.n > 0 ? POSTQ_RESULT : POSTQ_DONE,
		result) == -1)
		return STAGE_OVER;
	entry_start(e);
	return result.n > 0 ? carry_out(s, e) : STAGE_GO;
}

enum stage_next
stage_postq(struct stage *s, struct entry *e)
{
	enum stage_next next;
	struct message m;
	struct stage_want w;
	unsigned long edits;

	entry_start(e);
	if (e->out.env.postq == POSTQ_RESULT)
		return carry_out(s, e);
	if (e->out.env.postq == POSTQ_DONE ||
	    !hook_defined(s->hooks, HOOK_postq))
		return STAGE_GO;
	stage_message(s, e, &m);
	edits = m.edits->changes;
	stage_run(s, e, HOOK_postq, &m, NULL, &w);
	stage_leave(s, e);
	next = take_result(s, e, &m, &w, message_changed(&m, edits));
	message_end(&m);
	return next;
}
