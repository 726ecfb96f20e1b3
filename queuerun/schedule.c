/* schedule: see schedule.h. */
#include "schedule.h"

#define FACTOR 1500 /* thousandths: of a queue that says only when to begin */

void
schedule_default(const struct controls *c, const struct retry *base,
    struct schedule *s)
{
	s->retry = *base;
	s->lifetime = c->queuelifetime / 1000;
	s->max_attempts = c->maxattempts;
}

/* A queue's first and longest interval make a curve of their own. */
static void
change_retry(struct retry *r, int64_t first, int64_t longest)
{
	if (first == 0 && longest == 0)
		return;
	if (r->nlist > 0 || r->factor == 1000)
		r->factor = FACTOR;
	r->nlist = 0;
	if (first > 0)
		r->first = first;
	if (longest > 0)
		r->longest = longest;
	/* The one that was set wins. */
	if (r->longest < r->first) {
		if (longest > 0)
			r->first = r->longest;
		else
			r->longest = r->first;
	}
}

void
schedule_of(const struct controls *c, const struct retry *base,
    const struct envelope *env, struct arena *a, struct schedule *s)
{
	struct queue_config q = {0};
	struct span bad;

	schedule_default(c, base, s);
	if (env->queue_config.n == 0 ||
	    queue_config_parse(env->queue_config, a, &q, &bad) != NULL)
		return;
	change_retry(&s->retry, q.retry_interval, q.max_retry_interval);
	if (q.max_age > 0)
		s->lifetime = (q.max_age + 999) / 1000;
	if (q.max_attempts > 0)
		s->max_attempts = q.max_attempts;
}

bool
schedule_is_over(const struct schedule *s, int64_t age, unsigned attempt)
{
	return age > s->lifetime ||
	    (s->max_attempts > 0 && attempt >= s->max_attempts);
}

int64_t
schedule_horizon(const struct controls *c, const struct retry *base)
{
	return c->queuelifetime / 1000 + retry_longest(base);
}
