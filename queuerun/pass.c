/* pass: see pass.h. */
#include "pass.h"
#include "die.h"
#include "expire.h"
#include "pass_room.h"
#include "watch.h"

/* Entries whose answer is known at once and that wait to be settled. */
#define FINISHED_MAX 256
/*
 * When every agent that is known is full for so long, so many names behind are
 * looked at: they may be for agents that nobody has asked yet, or of senders
 * whose turn it would be. Not sooner, for what is looked at too early is
 * opened twice.
 */
#define PATIENCE_MS 50
#define LOOK_AHEAD  256

/* Is there anybody who could take an entry? At the start nobody knows. */
static bool
has_room(const struct pass *p)
{
	if (p->entries.out >= p->max_entries || p->ready >= FINISHED_MAX)
		return false;
	for (struct pool_agent *a = p->pool.agents; a != NULL; a = a->next)
		if (pool_room(a) != POOL_FULL)
			return true;
	return p->pool.agents == NULL || p->ahead > 0;
}

/* By a signal, or because its time is over. */
static bool
is_over(const struct pass *p)
{
	if (clock_left(p->job->end) == 0 &&
	    (names_left(p) || p->dests.waiting > 0))
		p->job->shared->ended = true;
	return pass_stopped() || clock_left(p->job->end) == 0;
}

static void
fill(struct pass *p)
{
	struct queue_name name;

	if (is_over(p))
		return;
	while (clock_left(p->job->end) != 0 && has_room(p) &&
	    names_next(p, &name)) {
		if (p->ahead > 0)
			p->ahead--;
		give_name(p, &name);
	}
}

static void
start(struct pass *p, const struct pass_job *job)
{
	*p = (struct pass){.job = job, .names_left = job->watch == NULL};
	p->max_entries = pass_entries_allowed();
	if (plan_init(&p->plan, job->controls) == -1)
		die_temp_errno("%s", p->plan.unreadable);
	pool_init(&p->pool, job->controls);
	dests_init(&p->dests, job->q, job->controls, &job->retry, job->all);
	settle_init(&p->settle, job->q, job->controls, &job->retry,
	    &p->entries, &job->shared->counts);
	stage_init(&p->stage, job->q, job->controls, job->retry,
	    &job->shared->counts.trouble);
	p->stage.next_due = &p->settle.next_due;
	p->settle.bounce.stage = p->stage.hooks != NULL ? &p->stage : NULL;
	p->settle.stage = p->stage.hooks != NULL ? &p->stage : NULL;
	if (job->watch != NULL)
		p->pool.watch_fd = watch_fd(job->watch);
}

static void
end(struct pass *p)
{
	if (p->entries.out != 0)
		die_bug("%zu entries are still open", p->entries.out);
	pool_close(&p->pool);
	settle_free(&p->settle);
	stage_free(&p->stage);
	dests_free(&p->dests);
	plan_free(&p->plan);
	entries_free(&p->entries);
	names_free(p);
}

/* What came back is learned from, and settled. */
static void
settle(struct pass *p, struct entry *done)
{
	uint64_t left = p->job->shared->counts.untried;
	int64_t now = clock_wall();

	for (struct entry *e = done; e != NULL; e = e->next)
		for (struct job *j = e->jobs; j != NULL; j = j->sibling)
			dests_learn(&p->dests, j, now);
	settle_batch(&p->settle, done);
	p->ready = 0;
	if (p->job->watch != NULL && p->job->shared->counts.untried != left)
		watch_note_left(p->job->watch);
}

/* When somebody has to look again, though no agent says anything. */
static clock_ms
next_look(const struct pass *p, clock_ms patience)
{
	clock_ms t = names_left(p) ? patience : CLOCK_NEVER;

	if (is_over(p))
		return CLOCK_NEVER;
	if (p->job->watch == NULL)
		return t < p->job->end ? t : p->job->end;
	if (p->busy.n > 0 && p->busy_time < t)
		t = p->busy_time;
	return watch_next(p->job->watch) < t ? watch_next(p->job->watch) : t;
}

/* What watching found; the names that wait are found again by a scan. */
static void
look(struct pass *p)
{
	struct watch *w = p->job->watch;

	if (pass_stopped())
		return;
	watch_note_due(w, p->settle.next_due);
	p->settle.next_due = INT64_MAX;
	if (watch_wants_scan(w)) {
		dests_drop_waiting(&p->dests);
		dests_forget(&p->dests);
		pool_revive(&p->pool);
		p->fresh.n = p->headfresh = 0;
		watch_scan(w, &p->fresh);
		expire_quarantines(p->job->q, p->job->controls);
	}
	watch_events(w, &p->fresh);
}

/* What no agent has yet stays in the queue. */
static void
take_back(struct pass *p)
{
	size_t n = p->pool.njobs;

	pool_drop_waiting(&p->pool, SPAN("stopped"));
	if (p->pool.njobs < n && clock_left(p->job->end) == 0)
		p->job->shared->ended = true;
}

void
pass_run(const struct pass_job *job)
{
	clock_ms patience = clock_deadline(PATIENCE_MS);
	struct pass pass, *p = &pass;
	struct entry *done;

	start(p, job);
	for (;;) {
		if (job->watch != NULL)
			look(p);
		fill(p);
		if (is_over(p))
			take_back(p);
		if (p->pool.njobs == 0 && p->pool.finished == NULL &&
		    (job->watch == NULL || is_over(p)))
			break;
		pool_wait(&p->pool, &pass_wait_mask, next_look(p, patience));
		p->ahead = 0;
		if (names_left(p) && clock_left(patience) == 0) {
			p->ahead = LOOK_AHEAD;
			patience = clock_deadline(PATIENCE_MS);
		}
		if ((done = pool_finished(&p->pool)) != NULL)
			settle(p, done);
	}
	end(p);
}
