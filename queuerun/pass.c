/* pass: see pass.h. */
#include "pass.h"
#include "die.h"
#include "log.h"
#include "plan.h"
#include "pool.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

/* Entries whose answer is known at once and that wait to be settled. */
#define FINISHED_MAX 256
/*
 * When every agent that is known is full for so long, names behind are looked
 * at, so many: theirs may be agents that nobody has asked yet. Not sooner, for
 * what is looked at too early is opened twice.
 */
#define PATIENCE_MS  50
#define LOOK_AHEAD   512
/* Descriptors of an entry: its own, and the one for marks. */
#define ENTRY_FDS    2
/* Those of directories, tables, agents, the log. */
#define OTHER_FDS    64

struct pass {
	const struct pass_job *job;
	struct plan plan;
	struct pool pool;
	struct entries entries;
	struct settle settle;
	struct stage stage;
	size_t max_entries; /* that may be open at once */
	size_t ready;	    /* entries that wait to be settled, about */
	bool names_left;
	size_t ahead;	    /* names to be looked at though all are full */
	/* Names that somebody else had locked: looked at once more in the
	 * end, for it may have been an operator's look at them. */
	uint32_t *busy;
	size_t headbusy, nbusy, capbusy;
	bool second_look;
};

static volatile sig_atomic_t stop_wanted;
static sigset_t wait_mask;

static void
on_stop(int sig)
{
	(void)sig;
	stop_wanted = 1;
}

void
pass_catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_stop};
	sigset_t block;

	/* Delivered only while pool_wait() waits. */
	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigaddset(&block, SIGINT);
	sigprocmask(SIG_BLOCK, &block, &wait_mask);
	sigdelset(&wait_mask, SIGTERM);
	sigdelset(&wait_mask, SIGINT);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
	sigaction(SIGXFSZ, &sa, NULL);
}

bool
pass_stopped(void)
{
	sigset_t pending;

	if (!stop_wanted && sigpending(&pending) == 0 &&
	    (sigismember(&pending, SIGTERM) == 1 ||
		sigismember(&pending, SIGINT) == 1))
		stop_wanted = 1;
	return stop_wanted;
}

void
pass_raise_files(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1)
		return;
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

static size_t
entries_allowed(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1 || r.rlim_cur > 65536)
		r.rlim_cur = 65536;
	if (r.rlim_cur < OTHER_FDS + 4 * ENTRY_FDS)
		return 4;
	return (size_t)(r.rlim_cur - OTHER_FDS) / ENTRY_FDS;
}

/* The next name of the run that nobody has taken, or NULL. */
static const struct queue_name *
next_name(struct pass *p, size_t *index)
{
	const struct pass_job *job = p->job;
	uint64_t i;

	if (!p->names_left)
		return NULL;
	i = __atomic_fetch_add(&job->shared->next, 1, __ATOMIC_RELAXED);
	if (i >= job->names->n) {
		p->names_left = false;
		return NULL;
	}
	if (i < job->nnew)
		*index = (size_t)((job->start_new + i) % job->nnew);
	else
		*index = job->nnew +
		    (size_t)((job->start_due + i - job->nnew) %
			(job->names->n - job->nnew));
	return &job->names->v[*index];
}

static void
push(uint32_t **v, size_t *n, size_t *cap, size_t index)
{
	if (*n == *cap) {
		size_t more = *cap ? *cap * 2 : 64;
		void *p = realloc(*v, more * sizeof **v);

		if (p == NULL)
			die_temp("out of memory");
		*v = p;
		*cap = more;
	}
	(*v)[(*n)++] = (uint32_t)index;
}

/* This name comes again when the agent has room. */
static void
put_off(struct pool_agent *a, size_t index)
{
	push(&a->later, &a->nlater, &a->caplater, index);
}

/* A name that was put off and whose agent has room now, or NULL. */
static const struct queue_name *
next_put_off(struct pass *p, size_t *index)
{
	for (struct pool_agent *a = p->pool.agents; a != NULL; a = a->next) {
		if (a->nlater == 0 || pool_room(a) == POOL_FULL)
			continue;
		*index = a->later[a->headlater++];
		if (a->headlater == a->nlater)
			a->headlater = a->nlater = 0;
		return &p->job->names->v[*index];
	}
	return NULL;
}

/* One that was locked, when all the others have been looked at. */
static const struct queue_name *
next_busy(struct pass *p, size_t *index)
{
	for (struct pool_agent *a = p->pool.agents; a != NULL; a = a->next)
		if (a->nlater > 0)
			return NULL;
	if (p->names_left || p->headbusy == p->nbusy)
		return NULL;
	p->second_look = true;
	*index = p->busy[p->headbusy++];
	return &p->job->names->v[*index];
}

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

/* "queuerun" stands in the history where no agent was asked. */
static void
own_result(struct entry *e, const struct plan_group *g, const char *text)
{
	entry_result_group(e, g, RESULT_LATER, 451, "4.3.5", span_of(text),
	    "queuerun");
}

/* Routes that need no agent: true. */
static bool
answer_here(struct pass *p, struct entry *e, struct plan_group *g,
    struct span *scheme)
{
	if (g->too_long) {
		own_result(e, g, "route, sender and recipient are too long");
	} else if (!plan_scheme(g->route, scheme)) {
		own_result(e, g, arena_printf(&e->out.arena,
		    "\"%.*s\" is not a route",
		    SPAN_ARG(span_head(g->route, 200))).p);
	} else if (span_eq(*scheme, SPAN("discard"))) {
		entry_result_group(e, g, RESULT_DISCARD, 250, "2.0.0",
		    SPAN("discarded"), "discard");
	} else if (span_eq(*scheme, SPAN("lua"))) {
		stage_send(&p->stage, e, g);
	} else if (span_eq(*scheme, SPAN("amqp"))) {
		return !stage_amqp(&p->stage, e, g);
	} else {
		return false;
	}
	return true;
}

/* The first of its agents that is full, or NULL. */
static struct pool_agent *
full_agent(struct pass *p, const struct plan_group *groups, size_t n)
{
	struct span scheme;

	for (size_t i = 0; i < n; i++) {
		struct pool_agent *a;

		if (groups[i].too_long ||
		    !plan_scheme(groups[i].route, &scheme) ||
		    span_eq(scheme, SPAN("discard")) ||
		    span_eq(scheme, SPAN("lua")))
			continue;
		a = pool_agent(&p->pool, scheme);
		if (pool_room(a) == POOL_FULL)
			return a;
	}
	return NULL;
}

/* Nobody has to be waited for. */
static void
finish(struct pass *p, struct entry *e)
{
	pool_finish(&p->pool, e);
	p->ready++;
}

static void
hand_out(struct pass *p, struct entry *e, struct plan_group *groups, size_t n)
{
	struct span scheme;

	/* One more than there are, so that it is not finished in between. */
	e->open = 1;
	for (size_t i = 0; i < n; i++)
		if (!answer_here(p, e, &groups[i], &scheme))
			pool_give(&p->pool, pool_agent(&p->pool, scheme),
			    entry_job(e, &groups[i]));
	if (--e->open == 0)
		finish(p, e);
}

/* The entry is left as it is, and so is what others have in hand. */
static void
give_back(struct pass *p, struct entry *e)
{
	stage_leave(&p->stage, e);
	entry_give_back(&p->entries, e);
}

static bool
plan(struct pass *p, struct entry *e, struct plan_group **groups, size_t *n)
{
	p->plan.route = e->route;
	p->plan.options = e->options;
	if (plan_entry(&p->plan, &e->out.env, &e->out.arena, groups, n) == 0)
		return true;
	/* It could be read when the run began. */
	p->job->shared->counts.trouble++;
	log_warn("queue-trouble", "%s: %s", p->plan.routes.path,
	    strerror(errno));
	give_back(p, e);
	return false;
}

/* The script has a say before anybody is given it. It says so for an attempt
 * that is made: where there is room for it, as far as is known. */
static void
plan_and_give(struct pass *p, struct entry *e, size_t index)
{
	struct plan_group *groups;
	struct pool_agent *full;
	bool changed;
	size_t n;

	if (!plan(p, e, &groups, &n))
		return;
	if ((full = full_agent(p, groups, n)) != NULL) {
		put_off(full, index);
		give_back(p, e);
		return;
	}
	if (p->stage.hooks == NULL || n == 0) {
		hand_out(p, e, groups, n);
		return;
	}
	switch (stage_predelivery(&p->stage, e, groups[0].route, &changed)) {
	case STAGE_GO:
		if (!changed || plan(p, e, &groups, &n))
			hand_out(p, e, groups, n);
		return;
	case STAGE_SETTLE:
		finish(p, e);
		return;
	case STAGE_OVER:
		give_back(p, e);
	}
}

static void
begin(struct pass *p, struct entry *e, size_t index)
{
	switch (stage_postq(&p->stage, e)) {
	case STAGE_GO:
		plan_and_give(p, e, index);
		return;
	case STAGE_SETTLE:
		finish(p, e);
		return;
	case STAGE_OVER:
		give_back(p, e);
	}
}

static void
take(struct pass *p, const struct queue_name *name, size_t index)
{
	struct entry *e = entry_take(&p->entries);
	const char *why = NULL;

	switch (queue_out_open(&e->out, p->job->q, name, true, &why)) {
	case QUEUE_OPENED:
		begin(p, e, index);
		return;
	case QUEUE_DAMAGED:
		settle_damaged(&p->settle, e, why);
		return;
	case QUEUE_TROUBLE:
		p->job->shared->counts.trouble++;
		log_warn("queue-trouble", "open %s: %s", e->out.path,
		    strerror(errno));
		break;
	case QUEUE_BUSY:
		if (!p->second_look)
			push(&p->busy, &p->nbusy, &p->capbusy, index);
		break;
	case QUEUE_GONE:
	case QUEUE_FOREIGN:
		break;
	}
	entry_give_back(&p->entries, e);
}

static void
fill(struct pass *p)
{
	const struct queue_name *name;
	size_t index;

	if (pass_stopped())
		return;
	while (has_room(p)) {
		name = next_put_off(p, &index);
		if (name == NULL)
			name = next_name(p, &index);
		if (name == NULL)
			name = next_busy(p, &index);
		if (name == NULL)
			return;
		if (p->ahead > 0)
			p->ahead--;
		take(p, name, index);
	}
}

static void
start(struct pass *p, const struct pass_job *job)
{
	*p = (struct pass){.job = job, .names_left = true};
	p->max_entries = entries_allowed();
	if (plan_init(&p->plan, job->controls) == -1)
		die_temp_errno("%s", p->plan.routes.path);
	pool_init(&p->pool, job->controls);
	settle_init(&p->settle, job->q, job->controls, &job->retry,
	    &p->entries, &job->shared->counts);
	stage_init(&p->stage, job->q, job->controls, job->retry,
	    &job->shared->counts.trouble);
	p->settle.stage = p->stage.hooks != NULL ? &p->stage : NULL;
}

void
pass_run(const struct pass_job *job)
{
	clock_ms patience = clock_deadline(PATIENCE_MS);
	struct pass pass, *p = &pass;
	struct entry *done;

	start(p, job);
	for (;;) {
		fill(p);
		if (pass_stopped())
			pool_drop_waiting(&p->pool, SPAN("stopped"));
		if (p->pool.njobs == 0 && p->pool.finished == NULL)
			break;
		pool_wait(&p->pool, &wait_mask,
		    p->names_left ? patience : CLOCK_NEVER);
		p->ahead = 0;
		if ((done = pool_finished(&p->pool)) == NULL) {
			if (p->names_left && clock_left(patience) == 0) {
				p->ahead = LOOK_AHEAD;
				patience = clock_deadline(PATIENCE_MS);
			}
			continue;
		}
		patience = clock_deadline(PATIENCE_MS);
		settle_batch(&p->settle, done);
		p->ready = 0;
	}
	if (p->entries.out != 0)
		die_bug("%zu entries are still open", p->entries.out);
	pool_close(&p->pool);
	settle_free(&p->settle);
	stage_free(&p->stage);
	plan_free(&p->plan);
	entries_free(&p->entries);
	free(p->busy);
}
