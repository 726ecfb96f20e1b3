/* duration: see duration.h. */
#include "duration.h"
#include "num.h"
#include <stdio.h>

#define LONGEST 315576000000000 /* ms: ten thousand years */

/* Words for the units that num_parse_time() knows by their letters. */
static const struct {
	struct span word;
	const char *unit;
} words[] = {
    {SPAN_LIT("ms"), "ms"},
    {SPAN_LIT("msec"), "ms"},
    {SPAN_LIT("millisecond"), "ms"},
    {SPAN_LIT("s"), "s"},
    {SPAN_LIT("sec"), "s"},
    {SPAN_LIT("second"), "s"},
    {SPAN_LIT("m"), "m"},
    {SPAN_LIT("min"), "m"},
    {SPAN_LIT("minute"), "m"},
    {SPAN_LIT("h"), "h"},
    {SPAN_LIT("hr"), "h"},
    {SPAN_LIT("hour"), "h"},
    {SPAN_LIT("d"), "d"},
    {SPAN_LIT("day"), "d"},
    {SPAN_LIT("w"), "w"},
    {SPAN_LIT("week"), "w"},
};

static const char *
find_unit(struct span word)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct span w = words[i].word;

		if (span_ieq(word, w) ||
		    (w.n > 2 && word.n == w.n + 1 && span_istarts(word, w) &&
			ascii_lower(word.p[w.n]) == 's') ||
		    (span_ieq(w, SPAN("hr")) && span_ieq(word, SPAN("hrs"))))
			return words[i].unit;
	}
	return NULL;
}

static struct span
skip_blanks(struct span s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = span_skip(s, 1);
	return s;
}

/* "20 minutes" at the start of *s, with a unit. */
static int
parse_part(struct span *s, int64_t *ms)
{
	size_t n = 0, u = 0;
	char text[48];
	const char *unit;
	struct span rest;
	int len;

	while (n < s->n && (ascii_isdigit(s->p[n]) || s->p[n] == '.'))
		n++;
	rest = skip_blanks(span_skip(*s, n));
	while (u < rest.n && ascii_isalpha(rest.p[u]))
		u++;
	unit = find_unit(span_head(rest, u));
	if (n == 0 || n > 32 || unit == NULL)
		return -1;
	len = snprintf(text, sizeof text, "%.*s%s", (int)n, s->p, unit);
	*s = skip_blanks(span_skip(rest, u));
	return num_parse_time(span_make(text, (size_t)len), ms);
}

int
duration_parse(struct span s, int64_t *ms)
{
	int64_t all = 0, part;

	s = span_trim(s);
	if (s.n == 0)
		return -1;
	if (num_parse_time(s, &part) == 0) {
		if (part > LONGEST)
			return -1;
		*ms = part;
		return 0;
	}
	while (s.n > 0) {
		if (parse_part(&s, &part) == -1 || part > LONGEST - all)
			return -1;
		all += part;
	}
	*ms = all;
	return 0;
}
