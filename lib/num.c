/* num: see num.h. */
#include "num.h"

int
num_parse_max(struct span s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (s.n == 0)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		uint64_t d;

		if (!ascii_isdigit(s.p[i]))
			return -1;
		d = (uint64_t)(s.p[i] - '0');
		if (v > (max - d) / 10 || d > max)
			return -1;
		v = v * 10 + d;
	}
	*out = v;
	return 0;
}

int
num_parse_u64(struct span s, uint64_t *out)
{
	return num_parse_max(s, UINT64_MAX, out);
}

/* Splits "12.5kB" into the number's text and the unit's. */
static void
split_unit(struct span s, struct span *number, struct span *unit)
{
	size_t i = 0;

	while (i < s.n && (ascii_isdigit(s.p[i]) || s.p[i] == '.'))
		i++;
	*number = span_head(s, i);
	*unit = span_skip(s, i);
}

int
num_parse_size(struct span s, uint64_t *out)
{
	struct span number, unit;
	uint64_t v;
	unsigned shift = 0;

	split_unit(s, &number, &unit);
	if (num_parse_u64(number, &v) == -1)
		return -1;
	if (unit.n > 0) {
		switch (ascii_lower(unit.p[0])) {
		case 'k':
			shift = 10;
			break;
		case 'm':
			shift = 20;
			break;
		case 'g':
			shift = 30;
			break;
		case 't':
			shift = 40;
			break;
		case 'b':
			break;
		default:
			return -1;
		}
		if (shift != 0)
			unit = span_skip(unit, 1);
		if (unit.n != 0 && !span_ieq(unit, SPAN("b")) &&
		    !(shift != 0 && span_ieq(unit, SPAN("ib"))))
			return -1;
	}
	if (v > UINT64_MAX >> shift)
		return -1;
	*out = v << shift;
	return 0;
}

static const struct {
	struct span name;
	int64_t ms;
} units[] = {
    {SPAN_LIT(""), 1000},
    {SPAN_LIT("ms"), 1},
    {SPAN_LIT("s"), 1000},
    {SPAN_LIT("m"), 60 * 1000},
    {SPAN_LIT("min"), 60 * 1000},
    {SPAN_LIT("h"), 3600 * 1000},
    {SPAN_LIT("d"), 86400 * 1000},
    {SPAN_LIT("w"), 7 * 86400 * 1000},
};

int
num_parse_time(struct span s, int64_t *ms)
{
	struct span number, unit, whole, rest;
	uint64_t v = 0, frac = 0, scale = 1;
	int64_t per = 0;

	split_unit(s, &number, &unit);
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (span_ieq(unit, units[i].name))
			per = units[i].ms;
	if (per == 0)
		return -1;
	rest = number;
	span_cut(&rest, '.', &whole);
	/* A century of milliseconds is enough for anybody. */
	if (num_parse_max(whole, 3155760000ull, &v) == -1)
		return -1;
	if (rest.p != NULL) {
		if (rest.n > 6 || num_parse_u64(rest, &frac) == -1)
			return -1;
		for (size_t i = 0; i < rest.n; i++)
			scale *= 10;
	}
	if (v > (uint64_t)(INT64_MAX / 2) / (uint64_t)per)
		return -1;
	*ms = (int64_t)(v * (uint64_t)per + frac * (uint64_t)per / scale);
	return 0;
}

int
num_parse_bool(struct span s, bool *out)
{
	static const struct {
		struct span word;
		bool value;
	} words[] = {
	    {SPAN_LIT("0"), false},
	    {SPAN_LIT("1"), true},
	    {SPAN_LIT("no"), false},
	    {SPAN_LIT("yes"), true},
	    {SPAN_LIT("off"), false},
	    {SPAN_LIT("on"), true},
	    {SPAN_LIT("false"), false},
	    {SPAN_LIT("true"), true},
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (span_ieq(s, words[i].word)) {
			*out = words[i].value;
			return 0;
		}
	return -1;
}
