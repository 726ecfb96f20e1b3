/*
 * ops_queues: smtpe-queue stat --queues: how many entries each queue has, by
 * the names that smtpe-queue(5) gives them. It opens every entry: the name is
 * made from what is inside.
 */
#include "clock.h"
#include "ops.h"
#include "spanmap.h"
#include <stdio.h>
#include <stdlib.h>

static void
count(struct ops_tally *t, const struct ops_entry *e, int64_t now)
{
	const struct queue_name *n = &e->out.name;
	int64_t age = now - id_time_ms(span_of(n->id)) / 1000;

	t->octets += e->out.size;
	if (strcmp(n->place, "dead") == 0) {
		t->dead++;
	} else if (n->place[0] == 'h' || n->place[0] == 'q') {
		t->held++;
	} else {
		t->waits++;
		if (age > t->oldest)
			t->oldest = age;
	}
}

static int
by_name(const void *a, const void *b)
{
	const struct ops_tally *x = a, *y = b;
	size_t n = x->name.n < y->name.n ? x->name.n : y->name.n;
	int c = n > 0 ? memcmp(x->name.p, y->name.p, n) : 0;

	return c != 0 ? c : (x->name.n > y->name.n) - (x->name.n < y->name.n);
}

static void
put_text(struct ops *o, const struct ops_tally *t, size_t n)
{
	if (n > 0)
		buf_printf(&o->out, "%8s %8s %8s %10s %12s %s\n", "WAIT",
		    "HELD", "DEAD", "OLDEST", "OCTETS", "QUEUE");
	for (size_t i = 0; i < n; i++) {
		buf_printf(&o->out, "%8zu %8zu %8zu %9llds %12llu ",
		    t[i].waits, t[i].held, t[i].dead,
		    (long long)t[i].oldest, (unsigned long long)t[i].octets);
		ops_put_safe(&o->out, t[i].name);
		buf_putc(&o->out, '\n');
	}
}

static void
put_json(struct ops *o, const struct ops_tally *t, size_t n)
{
	struct json j;

	json_init(&j, &o->out);
	json_open_array(&j, NULL);
	for (size_t i = 0; i < n; i++) {
		json_open_object(&j, NULL);
		json_string(&j, "queue", t[i].name);
		json_number(&j, "waiting", (int64_t)t[i].waits);
		json_number(&j, "held", (int64_t)t[i].held);
		json_number(&j, "dead", (int64_t)t[i].dead);
		json_number(&j, "oldest", t[i].oldest);
		json_number(&j, "octets", (int64_t)t[i].octets);
		json_close_object(&j);
	}
	json_close_array(&j);
	buf_putc(&o->out, '\n');
}

size_t
ops_tally(struct ops *o, const struct queue_names *names,
    struct ops_tally **tallies)
{
	struct ops_tally *all = arena_zalloc(&o->arena,
	    (names->n + 1) * sizeof *all);
	int64_t now = clock_wall();
	struct ops_entry e = {0};
	struct spanmap map;
	size_t n = 0;

	/* The names come from our own queue, and nobody waits for us. */
	spanmap_init(&map, names->n, span_of(""), &o->arena);
	for (size_t i = 0; i < names->n; i++) {
		struct span name;
		size_t *at;

		if (ops_open(o, &names->v[i], &e) != OPS_OPENED)
			continue;
		name = e.queue.p != NULL ? e.queue : SPAN("(damaged)");
		if ((at = spanmap_find(&map, name)) == NULL) {
			all[n].name = arena_dup(&o->arena, name);
			at = spanmap_put(&map, all[n].name);
			*at = n++;
		}
		count(&all[*at], &e, now);
		ops_close(&e);
	}
	queue_out_free(&e.out);
	*tallies = all;
	return n;
}

void
ops_stat_queues(struct ops *o, const struct queue_names *names)
{
	struct ops_tally *all;
	size_t n = ops_tally(o, names, &all);

	qsort(all, n, sizeof *all, by_name);
	if (o->json)
		put_json(o, all, n);
	else
		put_text(o, all, n);
}
