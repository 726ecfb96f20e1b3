/* judge: see judge.h. */
#include "judge.h"

char
judge_state(const struct entry *e, size_t i, enum settle_verdict verdict)
{
	char state = e->out.env.rcpts[i].state;

	if (state != RCPT_OPEN)
		return state;
	switch (e->results[i].kind) {
	case RESULT_OK:
		return RCPT_DELIVERED;
	case RESULT_FAIL:
		return RCPT_FAILED;
	case RESULT_DISCARD:
		return RCPT_DISCARDED;
	default:
		return verdict == VERDICT_EXPIRED ? RCPT_FAILED : RCPT_OPEN;
	}
}

enum settle_verdict
judge_entry(const struct entry *e, int64_t now,
    const struct schedule *schedule)
{
	const struct envelope *env = &e->out.env;
	size_t open = 0, tried = 0, later = 0, failed = 0, deferred = 0;
	int64_t age = now - env->received_us / 1000000;
	bool over;

	for (size_t i = 0; i < env->nrcpts; i++) {
		char state = judge_state(e, i, VERDICT_LEAVE);
		enum result_kind kind = e->results[i].kind;

		open += state == RCPT_OPEN;
		failed += state == RCPT_FAILED;
		deferred += kind == RESULT_DEFERRED;
		tried += kind != RESULT_NONE && kind != RESULT_UNTRIED;
		later += kind == RESULT_LATER;
	}
	if (open == 0)
		return failed == 0 ? VERDICT_REMOVE : VERDICT_FAILED;
	if (tried == 0)
		return VERDICT_LEAVE;
	over = schedule_is_over(schedule, age, e->out.name.attempts +
	    (tried > deferred));
	if (later + deferred > 0 && over)
		return VERDICT_EXPIRED;
	if (tried == deferred)
		return VERDICT_WAIT;
	return VERDICT_DUE;
}

size_t
judge_failed(const struct entry *e, enum settle_verdict verdict)
{
	size_t n = 0;

	for (size_t i = 0; i < e->out.env.nrcpts; i++)
		n += judge_state(e, i, verdict) == RCPT_FAILED;
	return n;
}
