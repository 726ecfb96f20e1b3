/* queue_config: see queue_config.h. */
#include "queue_config.h"
#include "duration.h"
#include "escape.h"
#include "num.h"
#include "route.h"

#define COUNT_MAX 1000000000
#define ROUTE_MAX 4096
#define DAY	  ((int64_t)86400000) /* ms */
#define TIME_MAX  (36500 * DAY)

static const char *
set_time(struct span value, int64_t *ms)
{
	int64_t v;

	if (duration_parse(value, &v) == -1 || v == 0)
		return "is not a time (300, 5m, 20 minutes)";
	if (v > TIME_MAX)
		return "is longer than a century";
	/* Nobody means the parts of a second of more than a day. */
	*ms = v > DAY ? (v + 999) / 1000 * 1000 : v;
	return NULL;
}

static const char *
set_count(struct span value, uint64_t *n)
{
	uint64_t v;

	if (num_parse_max(value, COUNT_MAX, &v) == -1 || v == 0)
		return "is not a whole number from 1";
	*n = v;
	return NULL;
}

/* "100/minute", "10/s", "5000/2h" */
static const char *
set_rate(struct span value, struct queue_config *c)
{
	static const char wrong[] = "is not a rate (100/minute, 10/s)";
	struct span count, per = value;
	char one[40] = "1";
	uint64_t n;
	int64_t ms;

	span_cut(&per, '/', &count);
	per = span_trim(per);
	if (per.n == 0 || per.n > sizeof one - 2 ||
	    num_parse_max(span_trim(count), COUNT_MAX, &n) == -1 || n == 0)
		return wrong;
	/* "/minute" is one of it. */
	memcpy(one + 1, per.p, per.n);
	if (duration_parse(ascii_isdigit(per.p[0]) ? per :
		    span_make(one, per.n + 1), &ms) == -1 || ms == 0 ||
	    ms > 30 * DAY)
		return wrong;
	c->rate = n;
	c->rate_ms = ms;
	return NULL;
}

static const char *
set_route(struct span value, struct span *route)
{
	struct span scheme;

	if (value.n > ROUTE_MAX)
		return "is too long";
	if (!route_scheme(value, &scheme))
		return "is not a route (maildir:, smtp:host, ...)";
	for (size_t i = 0; i < value.n; i++)
		if ((unsigned char)value.p[i] < ' ' || value.p[i] == 0x7f)
			return "holds a control character";
	*route = value;
	return NULL;
}

const char *
queue_config_set(struct queue_config *c, struct span name, struct span value)
{
	if (span_eq(name, SPAN("retry_interval")))
		return set_time(value, &c->retry_interval);
	if (span_eq(name, SPAN("max_retry_interval")))
		return set_time(value, &c->max_retry_interval);
	if (span_eq(name, SPAN("max_age")))
		return set_time(value, &c->max_age);
	if (span_eq(name, SPAN("max_attempts")))
		return set_count(value, &c->max_attempts);
	if (span_eq(name, SPAN("concurrency")))
		return set_count(value, &c->concurrency);
	if (span_eq(name, SPAN("rate")))
		return set_rate(value, c);
	if (span_eq(name, SPAN("route")))
		return set_route(value, &c->route);
	return "is not known here";
}

const char *
queue_config_parse(struct span text, struct arena *a, struct queue_config *c,
    struct span *bad)
{
	struct span word, name, value;

	while (span_word(&text, &word)) {
		const char *why = "is not name=value";

		value = *bad = word;
		span_cut(&value, '=', &name);
		if (value.p == NULL)
			return why;
		if (escape_undo(value, a, &value) == -1)
			return "holds a bad escape";
		if ((why = queue_config_set(c, name, value)) != NULL)
			return why;
	}
	return NULL;
}

static void
put_name(struct buf *out, size_t start, const char *name)
{
	if (out->n > start)
		buf_putc(out, ' ');
	buf_puts(out, name);
	buf_putc(out, '=');
}

static void
put_time(struct buf *out, size_t start, const char *name, int64_t ms)
{
	if (ms == 0)
		return;
	put_name(out, start, name);
	buf_putu(out, (unsigned long long)(ms % 1000 == 0 ? ms / 1000 : ms));
	if (ms % 1000 != 0)
		buf_puts(out, "ms");
}

static void
put_count(struct buf *out, size_t start, const char *name, uint64_t n)
{
	if (n == 0)
		return;
	put_name(out, start, name);
	buf_putu(out, n);
}

void
queue_config_format(const struct queue_config *c, struct buf *out)
{
	size_t start = out->n;

	put_time(out, start, "retry_interval", c->retry_interval);
	put_time(out, start, "max_retry_interval", c->max_retry_interval);
	put_time(out, start, "max_age", c->max_age);
	put_count(out, start, "max_attempts", c->max_attempts);
	put_count(out, start, "concurrency", c->concurrency);
	if (c->rate > 0) {
		put_count(out, start, "rate", c->rate);
		buf_putc(out, '/');
		buf_putu(out, (unsigned long long)c->rate_ms);
		buf_puts(out, "ms");
	}
	if (c->route.n > 0) {
		put_name(out, start, "route");
		escape_put(out, c->route);
	}
}
