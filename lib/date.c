/* date: see date.h. */
#include "date.h"

struct fields {
	int year, month, day, hour, minute, second;
	int zone; /* seconds east of Greenwich */
};

/* Days from 1970-01-01, proleptic Gregorian: months are counted from March,
 * so that February's length matters to nobody. */
static int64_t
days(int year, int month, int day)
{
	int64_t y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 +
	    day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	    of_year - 719468;
}

static int
days_of_month(int year, int month)
{
	static const int n[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return n[month - 1] + (month == 2 && leap);
}

static int
finish(const struct fields *f, int64_t *out)
{
	if (f->month < 1 || f->month > 12 || f->day < 1 ||
	    f->day > days_of_month(f->year, f->month) || f->hour > 23 ||
	    f->minute > 59 || f->second > 60)
		return -1;
	*out = days(f->year, f->month, f->day) * 86400 + f->hour * 3600 +
	    f->minute * 60 + f->second - f->zone;
	return 0;
}

/* min to max digits; -1 when there are fewer or more. */
static int
digits(struct span *s, size_t min, size_t max)
{
	int value = 0;
	size_t n = 0;

	while (n < s->n && n < max && ascii_isdigit(s->p[n]))
		value = value * 10 + (s->p[n++] - '0');
	if (n < min || (n < s->n && ascii_isdigit(s->p[n])))
		return -1;
	*s = span_skip(*s, n);
	return value;
}

static bool
skip_char(struct span *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = span_skip(*s, 1);
	return true;
}

/* RFC 5322 3.2.2: blanks, line ends, and comments, which nest. */
static void
skip_blanks(struct span *s)
{
	size_t depth = 0;

	for (; s->n > 0; *s = span_skip(*s, 1)) {
		char c = s->p[0];

		if (c == '(')
			depth++;
		else if (c == ')' && depth > 0)
			depth--;
		else if (c == '\\' && depth > 0 && s->n > 1)
			*s = span_skip(*s, 1);
		else if (depth == 0 && c != ' ' && c != '\t' && c != '\r' &&
		    c != '\n')
			return;
	}
}

static struct span
word(struct span *s)
{
	size_t n = 0;
	struct span w;

	while (n < s->n && ascii_isalpha(s->p[n]))
		n++;
	w = span_head(*s, n);
	*s = span_skip(*s, n);
	return w;
}

/* The index of a three-letter name, or -1. */
static int
find3(const char *names, struct span w)
{
	for (int i = 0; w.n == 3 && names[3 * i] != '\0'; i++)
		if (span_ieq(span_make(names + (ptrdiff_t)3 * i, 3), w))
			return i;
	return -1;
}

/* hh:mm[:ss] */
static int
parse_clock(struct span *s, struct fields *f, bool blanks)
{
	if ((f->hour = digits(s, 1 + !blanks, 2)) == -1)
		return -1;
	if (blanks)
		skip_blanks(s);
	if (!skip_char(s, ':'))
		return -1;
	if (blanks)
		skip_blanks(s);
	if ((f->minute = digits(s, 2, 2)) == -1)
		return -1;
	if (blanks)
		skip_blanks(s);
	if (!skip_char(s, ':'))
		return blanks ? 0 : -1;
	if (blanks)
		skip_blanks(s);
	return (f->second = digits(s, 2, 2)) == -1 ? -1 : 0;
}

/* +hhmm, and +hh:mm where colon is true. */
static int
parse_offset(struct span *s, bool colon, struct fields *f)
{
	bool west = s->n > 0 && s->p[0] == '-';
	int hours, minutes, both;

	*s = span_skip(*s, 1);
	if (colon) {
		hours = digits(s, 2, 2);
		if (hours == -1 || !skip_char(s, ':') ||
		    (minutes = digits(s, 2, 2)) == -1)
			return -1;
	} else {
		if ((both = digits(s, 4, 4)) == -1)
			return -1;
		hours = both / 100;
		minutes = both % 100;
	}
	if (hours > 23 || minutes > 59)
		return -1;
	f->zone = (hours * 60 + minutes) * 60 * (west ? -1 : 1);
	return 0;
}

/* RFC 5322 4.3. A name that nobody knows, and none at all, is -0000. */
static int
parse_zone(struct span *s, struct fields *f)
{
	static const char names[] = "ESTEDTCSTCDTMSTMDTPSTPDT";
	static const signed char hours[] = {-5, -4, -6, -5, -7, -6, -8, -7};
	int i;

	if (s->n > 0 && (s->p[0] == '+' || s->p[0] == '-'))
		return parse_offset(s, false, f);
	if ((i = find3(names, word(s))) != -1)
		f->zone = hours[i] * 3600;
	return 0;
}

static int
parse_year(struct span *s)
{
	size_t before = s->n;
	int year = digits(s, 2, 4);

	/* RFC 5322 4.3 */
	if (year != -1 && before - s->n == 2)
		year += year < 50 ? 2000 : 1900;
	else if (year != -1 && before - s->n == 3)
		year += 1900;
	return year;
}

static int
parse_rfc5322(struct span s, int64_t *out)
{
	static const char weekdays[] = "MonTueWedThuFriSatSun";
	static const char months[] =
	    "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct fields f = {0};

	skip_blanks(&s);
	if (s.n > 0 && ascii_isalpha(s.p[0])) {
		if (find3(weekdays, word(&s)) == -1)
			return -1;
		skip_blanks(&s);
		if (!skip_char(&s, ','))
			return -1;
		skip_blanks(&s);
	}
	if ((f.day = digits(&s, 1, 2)) == -1)
		return -1;
	skip_blanks(&s);
	f.month = find3(months, word(&s)) + 1;
	skip_blanks(&s);
	if ((f.year = parse_year(&s)) == -1)
		return -1;
	skip_blanks(&s);
	if (parse_clock(&s, &f, true) == -1)
		return -1;
	skip_blanks(&s);
	if (parse_zone(&s, &f) == -1)
		return -1;
	skip_blanks(&s);
	return s.n == 0 ? finish(&f, out) : -1;
}

static int
parse_rfc3339(struct span s, int64_t *out)
{
	struct fields f = {0};

	if ((f.year = digits(&s, 4, 4)) == -1 || !skip_char(&s, '-') ||
	    (f.month = digits(&s, 2, 2)) == -1 || !skip_char(&s, '-') ||
	    (f.day = digits(&s, 2, 2)) == -1 || s.n == 0 ||
	    (s.p[0] != ' ' && ascii_lower(s.p[0]) != 't'))
		return -1;
	s = span_skip(s, 1);
	if (parse_clock(&s, &f, false) == -1)
		return -1;
	if (skip_char(&s, '.')) {
		size_t n = 0;

		while (n < s.n && ascii_isdigit(s.p[n]))
			n++;
		if (n == 0)
			return -1;
		s = span_skip(s, n);
	}
	if (s.n == 1 && ascii_lower(s.p[0]) == 'z')
		return finish(&f, out);
	if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-') ||
	    parse_offset(&s, true, &f) == -1)
		return -1;
	return finish(&f, out);
}

int
date_parse(struct span s, int64_t *out)
{
	s = span_trim(s);
	if (s.n > 4 && s.p[4] == '-')
		return parse_rfc3339(s, out);
	return parse_rfc5322(s, out);
}
