/*
 * ops_metrics: what stat --prometheus says of each queue and each agent: from
 * what lies in the queue now, so that nothing has to count along. The number
 * of series has a bound, however many queues senders make up.
 */
#include "history.h"
#include "ops.h"
#include <stdlib.h>

#define QUEUES_MOST 100 /* with series of their own */
#define AGENTS_MOST 32

static const char *const outcomes[] = {"ok", "later", "fail"};
#define OUTCOMES (sizeof outcomes / sizeof *outcomes)

struct agents {
	struct {
		struct span name;
		uint64_t n[OUTCOMES];
	} v[AGENTS_MOST + 1]; /* one more: other */
	size_t n;
};

/* In quotes; octets that are no text for people as \xNN. */
static void
put_label(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < ' ' || c >= 0x7f)
			buf_printf(out, "\\\\x%02x", c);
		else
			buf_putc(out, (char)c);
	}
}

static size_t
size_of(const struct ops_tally *t)
{
	return t->waits + t->held + t->dead;
}

static int
by_size(const void *a, const void *b)
{
	size_t x = size_of(a), y = size_of(b);

	return (x < y) - (x > y);
}

/* The largest ones in front, all others together behind them; how many. */
static size_t
shorten(struct ops_tally *t, size_t n)
{
	struct ops_tally other = {.name = SPAN("other")};
	size_t kept = 0;

	qsort(t, n, sizeof *t, by_size);
	for (size_t i = 0; i < n; i++) {
		if (kept < QUEUES_MOST && !span_eq(t[i].name, other.name)) {
			t[kept++] = t[i];
			continue;
		}
		other.waits += t[i].waits;
		other.held += t[i].held;
		other.dead += t[i].dead;
		other.octets += t[i].octets;
		if (t[i].oldest > other.oldest)
			other.oldest = t[i].oldest;
	}
	/* Behind them there is room: who was put together stood there. */
	if (size_of(&other) > 0)
		t[kept++] = other;
	return kept;
}

static void
put_series(struct buf *out, const char *metric, struct span queue,
    const char *state, uint64_t value)
{
	buf_printf(out, "smtpe_queue_by_name_%s{queue=\"", metric);
	put_label(out, queue);
	if (state != NULL)
		buf_printf(out, "\",state=\"%s", state);
	buf_printf(out, "\"} %llu\n", (unsigned long long)value);
}

static void
put_queues(struct buf *out, const struct ops_tally *t, size_t n)
{
	ops_put_metric(out, "smtpe_queue_by_name_entries", "gauge",
	    "Entries by queue: the largest queues, and all others.");
	for (size_t i = 0; i < n; i++) {
		put_series(out, "entries", t[i].name, "waiting", t[i].waits);
		put_series(out, "entries", t[i].name, "held", t[i].held);
		put_series(out, "entries", t[i].name, "dead", t[i].dead);
	}
	ops_put_metric(out, "smtpe_queue_by_name_oldest_seconds", "gauge",
	    "Age of the oldest entry that waits, by queue.");
	for (size_t i = 0; i < n; i++)
		put_series(out, "oldest_seconds", t[i].name, NULL,
		    (uint64_t)t[i].oldest);
	ops_put_metric(out, "smtpe_queue_by_name_octets", "gauge",
	    "Octets of the messages by queue.");
	for (size_t i = 0; i < n; i++)
		put_series(out, "octets", t[i].name, NULL, t[i].octets);
}

static void
count_attempt(struct ops *o, struct agents *all, const struct history_line *h)
{
	size_t a = 0;

	while (a < all->n && !span_eq(all->v[a].name, h->agent))
		a++;
	if (a == all->n) {
		bool room = a < AGENTS_MOST;

		all->v[a].name = room ? arena_dup(&o->arena, h->agent) :
					SPAN("other");
		all->n += room;
	}
	for (size_t k = 0; k < OUTCOMES; k++)
		all->v[a].n[k] += span_eq(h->outcome, span_of(outcomes[k]));
}

static void
count_attempts(struct ops *o, const struct queue_names *names,
    struct agents *all)
{
	struct buf text = {0};

	for (size_t i = 0; i < names->n; i++) {
		struct span rest, line;
		struct history_line h;
		struct arena a = {0};

		buf_reset(&text);
		if (queue_history_read(o->q, names->v[i].id, &text) == -1)
			continue;
		rest = buf_span(&text);
		while (span_cut(&rest, '\n', &line))
			if (history_parse(line, &a, &h) &&
			    span_eq(h.word, SPAN("attempt")))
				count_attempt(o, all, &h);
		arena_free(&a);
	}
	buf_free(&text);
}

void
ops_put_metrics(struct ops *o, const struct queue_names *names)
{
	struct agents all = {0};
	struct ops_tally *t;
	size_t n = ops_tally(o, names, &t);

	put_queues(&o->out, t, shorten(t, n));
	count_attempts(o, names, &all);
	ops_put_metric(&o->out, "smtpe_queue_attempts", "gauge",
	    "Attempts that the histories of entries in the queue have, by "
	    "agent and outcome.");
	for (size_t a = 0; a <= all.n && a <= AGENTS_MOST; a++)
		for (size_t k = 0; all.v[a].name.p && k < OUTCOMES; k++) {
			buf_puts(&o->out, "smtpe_queue_attempts{agent=\"");
			put_label(&o->out, all.v[a].name);
			buf_printf(&o->out, "\",outcome=\"%s\"} %llu\n",
			    outcomes[k], (unsigned long long)all.v[a].n[k]);
		}
}
