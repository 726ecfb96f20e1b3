/* retry: schedules, to the second. */
#include "tap.h"
#include "retry.h"

static void
test_parse(void)
{
	static const char too_many[] =
	    "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1";
	static const char *const bad[] = {"", "x", "300 1.5", "300 1.5 4h x",
	    "0 1.5 300", "300 0.9 14400", "300 1.5 299", "a b c",
	    "300 -2 400", "300 1.5 -400", "300 2000000 400",
	    "300 1 3155760001d", "0", "300 0 600", "300 600 500",
	    "300 3155760001d", too_many};
	struct retry r;

	is_int(retry_parse(SPAN("300 1.5 14400"), &r), 0, "the default");
	is_int(r.first, 300000, "first interval");
	is_int(r.factor, 1500, "factor");
	is_int(r.longest, 14400000, "longest interval");
	is_int(retry_parse(SPAN(" 5m  2\t4h "), &r), 0, "units and blanks");
	is_int(r.first, 300000, "five minutes");
	is_int(r.factor, 2000, "two");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		is_int(retry_parse(span_of(bad[i]), &r), -1, bad[i]);
}

static void
test_interval(void)
{
	static const int64_t want[] = {300, 450, 675, 1012, 1518, 2278, 3417,
	    5125, 7688, 11533, 14400, 14400};
	struct retry r;

	retry_parse(SPAN("300 1.5 14400"), &r);
	for (unsigned i = 0; i < sizeof want / sizeof *want; i++)
		is_int(retry_interval(&r, i + 1) / 1000, want[i],
		    "grows by a half up to the longest");
	is_int(retry_interval(&r, 1000000), 14400000, "and never beyond");
	is_int(retry_interval(&r, 0), 300000, "no attempt is like the first");
	retry_parse(SPAN("60 1 60"), &r);
	is_int(retry_interval(&r, 500), 60000, "a factor of 1 stays");
	retry_parse(SPAN("1ms 9.999 1000000d"), &r);
	is_int(retry_interval(&r, 2), 9, "a large factor");
	is_int(retry_interval(&r, 40), 86400000000000, "does not overflow");
	retry_parse(SPAN("60 1.5 60"), &r);
	is_int(retry_interval(&r, 2), 60000, "no room to grow");
}

static void
test_list(void)
{
	static const int64_t want[] = {300, 600, 600, 1800, 7200, 7200};
	struct retry r;

	is_int(retry_parse(SPAN("300 10m 600 1800 2h"), &r), 0, "a list");
	for (unsigned i = 0; i < sizeof want / sizeof *want; i++)
		is_int(retry_interval(&r, i + 1) / 1000, want[i],
		    "one after the other, and the last for ever");
	is_int(retry_interval(&r, 0), 300000, "no attempt is like the first");
	is_int(retry_longest(&r), 7920, "the longest, jitter and all");
	is_int(retry_parse(SPAN("60 10 600"), &r), -1,
	    "ten is no factor, and shorter than what is before it");
	is_int(retry_parse(SPAN("300 600 900"), &r), 0, "three are a list");
	is_int(retry_interval(&r, 2), 600000, "whose second is no factor");
	is_int(retry_parse(SPAN("300"), &r), 0, "one");
	is_int(retry_interval(&r, 9), 300000, "is always the same");
	is_int(retry_due(&r, SPAN("01k7s8r8p33dbvoqpl6m4nkg0v"), 1, 0), 320,
	    "with the same jitter");
}

static void
test_due(void)
{
	struct span id = SPAN("01k7s8r8p33dbvoqpl6m4nkg0v");
	int64_t low = INT64_MAX, high = 0;
	struct retry r;

	retry_parse(SPAN("300 1.5 14400"), &r);
	for (unsigned i = 1; i <= 200; i++) {
		int64_t d = retry_due(&r, id, 20 + i, 1000000) - 1000000;

		low = d < low ? d : low;
		high = d > high ? d : high;
	}
	ok(low >= 14400 && low < 14600, "never shorter than the interval");
	ok(high <= 15840 && high > 15600, "up to a tenth longer");
	is_int(retry_due(&r, id, 3, 5000), retry_due(&r, id, 3, 5000),
	    "the same for the same attempt");
	is_int(retry_due(&r, id, 3, 6000) - retry_due(&r, id, 3, 5000), 1000,
	    "depends on the time only by adding it");
	ok(retry_due(&r, id, 1, 0) != retry_due(&r,
	    SPAN("01k7s8r8p33dbvoqpl6m4nkg0w"), 1, 0) ||
	    retry_due(&r, id, 2, 0) != retry_due(&r,
		SPAN("01k7s8r8p33dbvoqpl6m4nkg0w"), 2, 0),
	    "another entry, another time");
	/* As computed elsewhere from the comment: FNV-1a. */
	is_int(retry_due(&r, id, 1, 0), 320, "attempt 1 of this entry");
	is_int(retry_due(&r, id, 2, 0), 488, "attempt 2");
	is_int(retry_longest(&r), 15840, "the longest, jitter and all");
}

int
main(void)
{
	test_parse();
	test_interval();
	test_list();
	test_due();
	return done_testing();
}
