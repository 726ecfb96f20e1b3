/* clock: see clock.h. */
#include "clock.h"
#include <limits.h>
#include <stdio.h>
#include <time.h>

static int64_t wall_fixed = -1;

clock_ms
clock_mono(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (clock_ms)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

clock_ms
clock_deadline(int64_t ms)
{
	clock_ms now;

	if (ms <= 0)
		return CLOCK_NEVER;
	now = clock_mono();
	return ms > CLOCK_NEVER - now ? CLOCK_NEVER : now + ms;
}

int
clock_left(clock_ms deadline)
{
	clock_ms left;

	if (deadline == CLOCK_NEVER)
		return -1;
	left = deadline - clock_mono();
	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

int64_t
clock_wall_us(void)
{
	struct timespec t;

	if (wall_fixed >= 0)
		return wall_fixed * 1000000;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t
clock_wall(void)
{
	return clock_wall_us() / 1000000;
}

void
clock_set_wall(int64_t seconds)
{
	wall_fixed = seconds;
}

/* The civil date of a day number since 1970, without the C library's time
 * zone machinery (which opens files). */
static void
civil(int64_t seconds, struct tm *t)
{
	int64_t days = seconds / 86400, rest = seconds % 86400, era, doe, yoe,
		doy, mp;

	if (rest < 0) {
		rest += 86400;
		days--;
	}
	t->tm_hour = (int)(rest / 3600);
	t->tm_min = (int)(rest / 60 % 60);
	t->tm_sec = (int)(rest % 60);
	t->tm_wday = (int)((days % 7 + 11) % 7); /* 1970-01-01: a Thursday */
	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	doe = days - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	t->tm_mday = (int)(doy - (153 * mp + 2) / 5 + 1);
	t->tm_mon = (int)(mp < 10 ? mp + 2 : mp - 10);
	t->tm_year = (int)(yoe + era * 400 + (t->tm_mon <= 1));
}

/* A number in n digits; this is in every message's way, and printf slow. */
static void
put(char *out, size_t n, int v)
{
	while (n > 0) {
		out[--n] = (char)('0' + v % 10);
		v /= 10;
	}
}

const char *
clock_format_rfc5322(int64_t seconds, char out[CLOCK_RFC5322])
{
	static const char *const day[] = {"Sun", "Mon", "Tue", "Wed", "Thu",
	    "Fri", "Sat"};
	static const char *const month[] = {"Jan", "Feb", "Mar", "Apr", "May",
	    "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct tm t;

	civil(seconds, &t);
	memcpy(out, day[t.tm_wday], 3);
	memcpy(out + 3, ", ", 2);
	put(out + 5, 2, t.tm_mday);
	out[7] = ' ';
	memcpy(out + 8, month[t.tm_mon], 3);
	out[11] = ' ';
	put(out + 12, 4, t.tm_year % 10000);
	out[16] = ' ';
	put(out + 17, 2, t.tm_hour);
	out[19] = ':';
	put(out + 20, 2, t.tm_min);
	out[22] = ':';
	put(out + 23, 2, t.tm_sec);
	memcpy(out + 25, " +0000", 7);
	return out;
}

const char *
clock_format_rfc3339(int64_t us, char out[CLOCK_RFC3339])
{
	int64_t seconds = us / 1000000, rest = us % 1000000;
	struct tm t;

	if (rest < 0) {
		rest += 1000000;
		seconds--;
	}
	civil(seconds, &t);
	snprintf(out, CLOCK_RFC3339, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ",
	    t.tm_year % 10000, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min,
	    t.tm_sec, (int)rest);
	return out;
}
