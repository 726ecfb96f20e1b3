/* schedule: what the queue says before what the controls say. */
#include "tap.h"
#include "schedule.h"

static struct controls c;
static struct retry base;

static struct schedule
schedule_for(const char *queue_config)
{
	struct envelope env = {.queue_config = span_of(queue_config)};
	struct arena a = {0};
	struct schedule s;

	schedule_of(&c, &base, &env, &a, &s);
	arena_free(&a);
	return s;
}

int
main(void)
{
	struct schedule s;

	c.queuelifetime = 604800000;
	c.maxattempts = 9;
	retry_parse(SPAN("300 2 14400"), &base);
	s = schedule_for("");
	is_int(s.lifetime, 604800, "the controls' lifetime");
	is_int(s.max_attempts, 9, "the controls' attempts");
	is_int(s.retry.factor, 2000, "the controls' curve");
	s = schedule_for("retry_interval=60 max_age=1h max_attempts=3");
	is_int(s.retry.first, 60000, "the queue's first interval");
	is_int(s.retry.factor, 2000, "with the controls' factor");
	is_int(s.retry.longest, 14400000, "and their longest");
	is_int(s.lifetime, 3600, "the queue's age");
	is_int(s.max_attempts, 3, "the queue's attempts");
	s = schedule_for("max_retry_interval=60");
	is_int(s.retry.first, 60000, "the longest makes the first shorter");
	s = schedule_for("retry_interval=5h");
	is_int(s.retry.longest, 18000000, "the first makes the longest longer");
	s = schedule_for("max_age=1.5");
	is_int(s.lifetime, 2, "an age is never cut");
	s = schedule_for("nonsense");
	is_int(s.lifetime, 604800, "what cannot be read counts as nothing");
	retry_parse(SPAN("60 600 600 3600"), &base);
	s = schedule_for("max_age=1d");
	is_size(s.retry.nlist, 4, "a list stays");
	s = schedule_for("retry_interval=60 max_retry_interval=300");
	is_size(s.retry.nlist, 0, "until the queue has a curve");
	is_int(retry_interval(&s.retry, 2), 90000, "that grows by a half");

	ok(!schedule_is_over(&s, 604800, 8), "neither too old nor too often");
	ok(schedule_is_over(&s, 604801, 1), "too old");
	ok(schedule_is_over(&s, 1, 9), "too often");
	s.max_attempts = 0;
	ok(!schedule_is_over(&s, 1, 100000), "any number of attempts");
	is_int(schedule_horizon(&c, &base), 604800 + 3960,
	    "nothing waits longer");
	return done_testing();
}
