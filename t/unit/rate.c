/* rate: the bucket, over time that is only a number. */
#include "tap.h"
#include "rate.h"

#define S  INT64_C(1000000)
#define T0 (1800000000 * S)

static void
test_bucket(void)
{
	struct rate_state s = {0, 0};
	int64_t when = 0;
	int n = 0;

	while (n < 100 && rate_step(&s, 10, 60000, T0, &when))
		n++;
	is_int(n, 10, "ten at once");
	is_int(when, T0 + 6 * S, "the next in six seconds");
	ok(!rate_step(&s, 10, 60000, T0, &when), "who asks again");
	is_int(when, T0 + 6 * S, "keeps its time");
	when = 0;
	ok(!rate_step(&s, 10, 60000, T0, &when), "not one more");
	is_int(when, T0 + 12 * S, "who waits stands behind the other");
	ok(!rate_step(&s, 10, 60000, T0 + 6 * S - 1, &when), "not too early");
	ok(rate_step(&s, 10, 60000, T0 + 6 * S, &when), "at its time");
	ok(!rate_step(&s, 10, 60000, T0 + 6 * S, &when), "one");
	for (n = 0; rate_step(&s, 10, 60000, T0 + 3600 * S, &when);)
		n++;
	is_int(n, 10, "an hour later: ten, not more");
}

/* However often it is asked: no window of any length has more than its share
 * and a full bucket. */
static void
test_share(void)
{
	struct rate_state s = {0, 0};
	int64_t when = 0, got = 0;

	for (int64_t t = 0; t < 600 * S; t += 97003)
		got += rate_step(&s, 7, 10000, T0 + t, &when);
	is_int(got, 7 + 600 * 7 / 10 - 1, "600 seconds of 7/10s");
}

static void
test_waiting(void)
{
	struct rate_state s = {0, 0};
	int64_t when = 0, latest = 0, times = 0;

	for (int i = 0; i < 100000; i++) {
		when = 0;
		if (rate_step(&s, 100, 60000, T0, &when))
			continue;
		latest = when > latest ? when : latest;
		times += when == T0 + S * 6 / 10;
	}
	ok(latest <= T0 + 3600 * S, "nobody waits longer than an hour");
	ok(latest > T0 + 3590 * S, "and they are spread over it");
	ok(times > 10, "again and again");
}

static void
test_odd(void)
{
	struct rate_state s = {T0 + 86400 * 365 * S, INT64_MAX / 4};
	int64_t when = 0;

	ok(!rate_step(&s, 10, 60000, T0, &when), "a clock that was wrong: "
	    "an empty bucket");
	is_int(when, T0 + 6 * S, "that fills as any other");
	s = (struct rate_state){0, 0};
	ok(rate_step(&s, 1, 30 * INT64_C(86400000), T0, &when), "one a month");
	when = 0;
	ok(!rate_step(&s, 1, 30 * INT64_C(86400000), T0 + 29 * 86400 * S,
	    &when), "and no second one");
	is_int(when, T0 + 30 * 86400 * S, "before the month is over");
	s = (struct rate_state){0, 0};
	for (int i = 0; i < 1000; i++)
		if (!rate_step(&s, 1000000000, 1000, T0, &when))
			when = -1;
	ok(when != -1, "more than one in a microsecond: no limit");
}

int
main(void)
{
	test_bucket();
	test_share();
	test_waiting();
	test_odd();
	return done_testing();
}
