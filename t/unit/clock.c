/* Dates and deadlines. */
#include "clock.h"
#include "tap.h"
#include <limits.h>
#include <time.h>

static const struct {
	int64_t seconds;
	const char *rfc5322, *rfc3339;
} dates[] = {
    {0, "Thu, 01 Jan 1970 00:00:00 +0000", "1970-01-01T00:00:00.000000Z"},
    {86399, "Thu, 01 Jan 1970 23:59:59 +0000", "1970-01-01T23:59:59.000000Z"},
    {951782400, "Tue, 29 Feb 2000 00:00:00 +0000",
	"2000-02-29T00:00:00.000000Z"},
    {951868800, "Wed, 01 Mar 2000 00:00:00 +0000",
	"2000-03-01T00:00:00.000000Z"},
    {978307199, "Sun, 31 Dec 2000 23:59:59 +0000",
	"2000-12-31T23:59:59.000000Z"},
    {1709164800, "Thu, 29 Feb 2024 00:00:00 +0000",
	"2024-02-29T00:00:00.000000Z"},
    {1795167882, "Fri, 20 Nov 2026 09:44:42 +0000",
	"2026-11-20T09:44:42.000000Z"},
    {2147483647, "Tue, 19 Jan 2038 03:14:07 +0000",
	"2038-01-19T03:14:07.000000Z"},
    {2147483648, "Tue, 19 Jan 2038 03:14:08 +0000",
	"2038-01-19T03:14:08.000000Z"},
    {4107542400, "Mon, 01 Mar 2100 00:00:00 +0000",
	"2100-03-01T00:00:00.000000Z"},
    {4107542399, "Sun, 28 Feb 2100 23:59:59 +0000",
	"2100-02-28T23:59:59.000000Z"},
    {4294967296, "Sun, 07 Feb 2106 06:28:16 +0000",
	"2106-02-07T06:28:16.000000Z"},
    {253402300799, "Fri, 31 Dec 9999 23:59:59 +0000",
	"9999-12-31T23:59:59.000000Z"},
    {-1, "Wed, 31 Dec 1969 23:59:59 +0000", "1969-12-31T23:59:59.000000Z"},
    {-2203891200, "Thu, 01 Mar 1900 00:00:00 +0000",
	"1900-03-01T00:00:00.000000Z"},
};

/* Every day for 800 years, against the C library. */
static void
every_day(void)
{
	char got[CLOCK_RFC5322], want[80];
	int wrong = 0;

	for (int64_t day = -25567; day < 292194 && wrong < 5; day++) {
		time_t t = (time_t)(day * 86400 + 43210);
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(want, sizeof want, "%a, %d %b %Y %H:%M:%S +0000",
		    &tm);
		clock_format_rfc5322(t, got);
		if (strcmp(got, want) != 0) {
			diag("got %s, want %s", got, want);
			wrong++;
		}
	}
	is_int(wrong, 0, "every day from 1900 to 2769");
}

static void
wall(void)
{
	int64_t before = (int64_t)time(NULL), us = clock_wall_us();

	ok(us / 1000000 >= before - 1 && us / 1000000 <= before + 5,
	    "the wall clock is the system's");
	clock_set_wall(1234567890);
	is_int(clock_wall(), 1234567890, "... until it is set");
	is_int(clock_wall_us(), 1234567890000000, "... in microseconds too");
	clock_set_wall(0);
	is_int(clock_wall(), 0, "... and to 1970");
}

static void
deadlines(void)
{
	clock_ms a = clock_mono(), d;

	ok(clock_mono() >= a, "time goes on");
	ok(clock_deadline(0) == CLOCK_NEVER, "0 is no deadline");
	ok(clock_deadline(-1) == CLOCK_NEVER, "nor is less");
	ok(clock_deadline(INT64_MAX) == CLOCK_NEVER, "the longest is never");
	is_int(clock_left(CLOCK_NEVER), -1, "poll() waits for ever");
	d = clock_deadline(100000);
	ok(d >= a + 100000, "a deadline lies ahead");
	ok(clock_left(d) > 90000 && clock_left(d) <= 100000, "time is left");
	is_int(clock_left(a - 1), 0, "none is left");
	is_int(clock_left(a), 0, "none is left now");
	is_int(clock_left(INT64_MIN + a + 1), 0, "... since ever");
	is_int(clock_left(CLOCK_NEVER - 1), INT_MAX, "more than poll() knows");
}

int
main(void)
{
	char text[CLOCK_RFC3339], mail[CLOCK_RFC5322];

	for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
		is_str(clock_format_rfc5322(dates[i].seconds, mail),
		    dates[i].rfc5322, "RFC 5322");
		is_str(clock_format_rfc3339(dates[i].seconds * 1000000, text),
		    dates[i].rfc3339, "RFC 3339");
	}
	is_str(clock_format_rfc3339(1795167882123456, text),
	    "2026-11-20T09:44:42.123456Z", "microseconds");
	is_str(clock_format_rfc3339(-1, text), "1969-12-31T23:59:59.999999Z",
	    "a microsecond before 1970");
	ok(strlen(clock_format_rfc5322(INT64_MAX / 2000000, mail)) <
		CLOCK_RFC5322, "the far future fits");
	every_day();
	wall();
	deadlines();
	return done_testing();
}
