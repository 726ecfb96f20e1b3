/*
 * pass_give: an entry on its way to its agents (pass_room.h): opened, planned,
 * shown to the script, and handed out; or put off, where a destination has no
 * room for it, or answered, where nobody has to be asked.
 */
#include "pass_room.h"
#include "log.h"
#include "queue_config.h"
#include "queue_name.h"
#include "rate.h"
#include "route.h"
#include "schedule.h"
#include <errno.h>

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
	} else if (!route_scheme(g->route, scheme)) {
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

/* Routes that no agent is asked for. */
static bool
is_own(const struct plan_group *g, struct span *scheme)
{
	return g->too_long || !route_scheme(g->route, scheme) ||
	    span_eq(*scheme, SPAN("discard")) ||
	    span_eq(*scheme, SPAN("lua"));
}

static struct dest *
dest_of(struct pass *p, const struct entry *e, const struct plan_group *g)
{
	struct span scheme;

	return is_own(g, &scheme) ? NULL :
	    dests_find(&p->dests, e, g, pool_agent(&p->pool, scheme));
}

/* The first of its destinations that it has to wait for, or NULL. */
static struct dest *
full_dest(struct pass *p, const struct entry *e,
    const struct plan_group *groups, size_t n, int64_t now)
{
	for (size_t i = 0; i < n; i++) {
		struct dest *d = dest_of(p, e, &groups[i]);

		if (d != NULL && !dest_is_down(&p->dests, d, now) &&
		    !dest_has_room(d, now))
			return d;
	}
	return NULL;
}

/* Nobody is asked: the destination did not answer a while ago. */
static void
defer(struct pass *p, struct entry *e, const struct plan_group *g,
    struct dest *d, int64_t now)
{
	int64_t due = dest_due(&p->dests, d, span_of(e->out.name.id), now);

	if (due > e->deferred)
		e->deferred = due;
	entry_result_group(e, g, RESULT_DEFERRED, 451, "4.4.1",
	    arena_dup(&e->out.arena, buf_span(&d->text)), "queuerun");
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
	int64_t now = clock_wall();
	struct span scheme;

	/* One more than there are, so that it is not finished in between. */
	e->open = 1;
	for (size_t i = 0; i < n; i++) {
		struct dest *d = dest_of(p, e, &groups[i]);
		struct job *j;

		if (d != NULL && dest_is_down(&p->dests, d, now)) {
			defer(p, e, &groups[i], d, now);
			continue;
		}
		if (answer_here(p, e, &groups[i], &scheme))
			continue;
		j = entry_job(e, &groups[i]);
		j->dest = d;
		j->slot = &d->open;
		d->open++;
		pool_give(&p->pool, d->agent, j);
	}
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
	p->plan.scripted = hook_defined(p->stage.hooks, HOOK_queue_config);
	p->plan.route = e->route;
	p->plan.options = e->options;
	if (plan_queue(&p->plan, &e->out.env, &e->out.arena) == 0 &&
	    plan_entry(&p->plan, &e->out.env, &e->out.arena, groups, n) == 0)
		return true;
	/* It could be read when the run began. */
	p->job->shared->counts.trouble++;
	log_warn("queue-trouble", "%s: %s", p->plan.unreadable,
	    strerror(errno));
	return false;
}

/* Would anybody be asked? */
static bool
is_tried(struct pass *p, const struct entry *e,
    const struct plan_group *groups, size_t n, int64_t now)
{
	for (size_t i = 0; i < n; i++) {
		struct dest *d = dest_of(p, e, &groups[i]);

		if (d == NULL || !dest_is_down(&p->dests, d, now))
			return true;
	}
	return false;
}

/* Takes a token of its queue; without one it waits, and this is no attempt. */
static bool
is_over_rate(struct pass *p, struct entry *e, struct plan_group *groups,
    size_t n)
{
	struct queue_config c = {0};
	int64_t now = clock_wall(), due = e->out.name.due;
	struct buf name = {0};
	struct queue_parts parts;
	struct span bad, text;
	bool over;

	if (e->out.env.queue_config.n == 0 ||
	    queue_config_parse(e->out.env.queue_config, &e->out.arena, &c,
		&bad) != NULL || c.rate == 0 ||
	    !is_tried(p, e, groups, n, now))
		return false;
	queue_name_parts(&e->out.env, &parts);
	queue_name_format(&parts, &name);
	for (size_t i = 0; i < name.n; i++)
		name.p[i] = ascii_lower(name.p[i]);
	/* From a clock that was wrong (schedule.h). */
	if (due - now > schedule_horizon(p->job->controls, &p->job->retry))
		due = 0;
	over = !rate_take(p->job->q, buf_span(&name), c.rate, c.rate_ms,
	    &due);
	if (over) {
		text = arena_printf(&e->out.arena, "the queue %.*s has had "
		    "its %llu deliveries in %lld s",
		    SPAN_ARG(span_head(buf_span(&name), 200)),
		    (unsigned long long)c.rate,
		    (long long)(c.rate_ms + 999) / 1000);
		for (size_t i = 0; i < n; i++)
			entry_result_group(e, &groups[i], RESULT_DEFERRED,
			    451, "4.4.5", text, "queuerun");
		e->deferred = due > now ? due : now + 1;
	}
	buf_free(&name);
	return over;
}

/* hook.queue_config and hook.predelivery; the plan as they make it. */
static enum stage_next
ask_stages(struct pass *p, struct entry *e, struct plan_group **groups,
    size_t *n)
{
	struct span before = e->out.env.queue_config;
	enum stage_next next = stage_queue_config(&p->stage, e);
	bool changed;

	if (next != STAGE_GO)
		return next;
	if (!span_eq(before, e->out.env.queue_config) &&
	    !plan(p, e, groups, n))
		return STAGE_OVER;
	if (is_over_rate(p, e, *groups, *n))
		return STAGE_SETTLE;
	next = stage_predelivery(&p->stage, e, (*groups)[0].route, &changed);
	if (next == STAGE_GO && changed && !plan(p, e, groups, n))
		return STAGE_OVER;
	return next;
}

/* The script has a say before anybody is given it. It says so for an attempt
 * that is made: where there is room for it, as far as is known. */
static void
plan_and_give(struct pass *p, struct entry *e)
{
	struct plan_group *groups;
	struct dest *full;
	size_t n;

	if (!plan(p, e, &groups, &n)) {
		give_back(p, e);
		return;
	}
	full = full_dest(p, e, groups, n, clock_wall());
	if (full != NULL) {
		dests_put(&p->dests, full, e->out.env.sender, &e->out.name);
		give_back(p, e);
		return;
	}
	if (p->stage.hooks == NULL || n == 0) {
		if (is_over_rate(p, e, groups, n))
			finish(p, e);
		else
			hand_out(p, e, groups, n);
		return;
	}
	switch (ask_stages(p, e, &groups, &n)) {
	case STAGE_GO:
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
begin(struct pass *p, struct entry *e)
{
	switch (stage_postq(&p->stage, e)) {
	case STAGE_GO:
		plan_and_give(p, e);
		return;
	case STAGE_SETTLE:
		finish(p, e);
		return;
	case STAGE_OVER:
		give_back(p, e);
	}
}

void
give_name(struct pass *p, const struct queue_name *name)
{
	struct entry *e = entry_take(&p->entries);
	const char *why = NULL;

	switch (queue_out_open(&e->out, p->job->q, name, true, &why)) {
	case QUEUE_OPENED:
		begin(p, e);
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
		names_busy(p, name);
		break;
	case QUEUE_GONE:
	case QUEUE_FOREIGN:
		break;
	}
	entry_give_back(&p->entries, e);
}
