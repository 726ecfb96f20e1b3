/* retry: see retry.h. */
#include "retry.h"
#include "num.h"

#define LONGEST_MAX 3155760000000000 /* ms: a thousand centuries */
#define FACTOR_MAX  10000	     /* thousandths */

/* "300 1.5 14400": true when it can be nothing else. */
static bool
is_curve(struct span text)
{
	struct span first, factor, longest, more;
	int64_t f;

	/* A time without a unit is seconds in milliseconds: a factor in
	 * thousandths. */
	return span_word(&text, &first) && span_word(&text, &factor) &&
	    span_word(&text, &longest) && !span_word(&text, &more) &&
	    factor.n > 0 && !ascii_isalpha(factor.p[factor.n - 1]) &&
	    num_parse_time(factor, &f) == 0 && f < FACTOR_MAX;
}

static int
parse_curve(struct span text, struct retry *r)
{
	struct span first, factor, longest;

	if (!span_word(&text, &first) || !span_word(&text, &factor) ||
	    !span_word(&text, &longest) ||
	    num_parse_time(first, &r->first) == -1 ||
	    num_parse_time(factor, &r->factor) == -1 ||
	    num_parse_time(longest, &r->longest) == -1)
		return -1;
	return r->first > 0 && r->factor >= 1000 &&
	    r->longest >= r->first && r->longest < LONGEST_MAX ? 0 : -1;
}

static int
parse_list(struct span text, struct retry *r)
{
	struct span word;

	while (span_word(&text, &word)) {
		int64_t ms;

		if (r->nlist == RETRY_LIST_MAX ||
		    num_parse_time(word, &ms) == -1 || ms <= 0 ||
		    ms < r->longest || ms >= LONGEST_MAX)
			return -1;
		r->list[r->nlist++] = r->longest = ms;
	}
	if (r->nlist == 0)
		return -1;
	r->first = r->list[0];
	r->factor = 1000;
	return 0;
}

int
retry_parse(struct span text, struct retry *r)
{
	memset(r, 0, sizeof *r);
	return is_curve(text) ? parse_curve(text, r) : parse_list(text, r);
}

int64_t
retry_interval(const struct retry *r, unsigned attempt)
{
	int64_t ms = r->first;

	if (r->nlist > 0)
		return attempt >= r->nlist ? r->longest :
		    r->list[attempt > 0 ? attempt - 1 : 0];
	if (r->factor == 1000)
		return ms;
	for (unsigned i = 1; i < attempt; i++) {
		if (ms > r->longest * 1000 / r->factor)
			return r->longest;
		ms = ms * r->factor / 1000;
	}
	return ms;
}

/* FNV-1a: the same everywhere and for ever. */
static uint64_t
hash(struct span id, unsigned attempt)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < id.n; i++)
		h = (h ^ (unsigned char)id.p[i]) * 1099511628211u;
	for (; attempt > 0; attempt >>= 8)
		h = (h ^ (attempt & 255)) * 1099511628211u;
	return h ^ h >> 32;
}

int64_t
retry_due(const struct retry *r, struct span id, unsigned attempt, int64_t now)
{
	int64_t ms = retry_interval(r, attempt);

	ms += (int64_t)(hash(id, attempt) % 1001) * (ms / 10000);
	/* Rounded up: an interval is never shorter than it says. */
	return now + (ms + 999) / 1000;
}

int64_t
retry_longest(const struct retry *r)
{
	return (r->longest + r->longest / 10 + 999) / 1000;
}
