/* ops_list: what is in the queue: list (ops.h). */
#include "clock.h"
#include "die.h"
#include "ops_select.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUT_BLOCK 65536

static void
scan_quarantines(struct ops *o, struct queue_names *names)
{
	struct buf places = {0};
	struct span rest, name;

	if (queue_quarantines(o->q, &places) == -1)
		die_temp_errno("%s/quarantine", o->q->dir);
	rest = buf_span(&places);
	while (span_cut(&rest, '\n', &name) && name.n > 0) {
		char place[QUEUE_NAME_MAX];

		snprintf(place, sizeof place, "quarantine/%.*s",
		    SPAN_ARG(name));
		if (queue_scan_place(o->q, place, names) == -1)
			die_temp_errno("%s/%s", o->q->dir, place);
	}
	buf_free(&places);
}

/* Every entry in any state: new, due, hold, quarantine, dead. */
void
ops_scan_everything(struct ops *o, struct queue_names *names)
{
	if (o->q == NULL)
		return;
	if (queue_scan(o->q, clock_wall(), 0, true, names) == -1 ||
	    queue_scan_place(o->q, "hold", names) == -1)
		die_temp_errno("%s", o->q->dir);
	scan_quarantines(o, names);
	if (queue_scan_place(o->q, "dead", names) == -1)
		die_temp_errno("%s", o->q->dir);
}

static size_t
count_open(const struct envelope *env)
{
	size_t n = 0;

	for (size_t i = 0; i < env->nrcpts; i++)
		n += env->rcpts[i].state == RCPT_OPEN;
	return n;
}

/* "a@example.org", "a@example.org +2": those that wait; all when nobody does. */
static void
put_rcpts(struct buf *out, const struct envelope *env)
{
	size_t open = count_open(env), i = 0;

	while (open > 0 && env->rcpts[i].state != RCPT_OPEN)
		i++;
	ops_put_safe(out, env->rcpts[i].address);
	if ((open ? open : env->nrcpts) > 1)
		buf_printf(out, " +%zu", (open ? open : env->nrcpts) - 1);
}

static void
put_row(struct ops *o, const struct ops_entry *e)
{
	const struct queue_name *name = &e->out.name;
	struct span state = ops_state(name);
	char received[OPS_TIME], due[OPS_TIME];

	buf_printf(&o->out, "%-26s %-10.*s%c %5u %-19s %-19s %10llu ",
	    name->id, SPAN_ARG(state), e->active ? '*' : ' ', e->attempts,
	    ops_time(e->out.env.received_us / 1000000, received),
	    ops_time(name->due, due), (unsigned long long)e->out.size);
	if (e->damage != NULL) {
		buf_puts(&o->out, "damaged: ");
		buf_puts(&o->out, e->damage);
	} else {
		ops_put_safe(&o->out, e->out.env.sender.n ?
			e->out.env.sender : SPAN("<>"));
		buf_puts(&o->out, " -> ");
		put_rcpts(&o->out, &e->out.env);
	}
	buf_putc(&o->out, '\n');
}

/* Every name that can still be opened. */
static int
list(struct ops *o, const struct queue_names *names)
{
	int64_t now = clock_wall();
	struct ops_entry e = {0};
	struct json j;

	json_init(&j, &o->out);
	if (o->json)
		json_open_array(&j, NULL);
	else if (names->n > 0)
		buf_printf(&o->out, "%-26s %-11s %5s %-19s %-19s %10s %s\n",
		    "ID", "STATE", "TRIES", "RECEIVED (UTC)", "DUE (UTC)",
		    "OCTETS", "SENDER -> RECIPIENTS");
	for (size_t i = 0; i < names->n; i++) {
		if (ops_open(o, &names->v[i], &e) != OPS_OPENED)
			continue;
		if (o->selection != NULL &&
		    !selection_match(o->selection, &e, now)) {
			ops_close(&e);
			continue;
		}
		if (o->json) {
			buf_putc(&o->out, '\n');
			ops_json(&e, &j);
		} else {
			put_row(o, &e);
		}
		ops_close(&e);
		if (o->out.n > OUT_BLOCK)
			ops_flush(o);
	}
	if (o->json) {
		json_close_array(&j);
		buf_putc(&o->out, '\n');
	}
	ops_flush(o);
	queue_out_free(&e.out);
	return 0;
}

int
ops_list(struct ops *o, const char *const *args, size_t nargs)
{
	struct queue_names names = {0};

	(void)args;
	if (nargs > 0)
		die_perm("list takes no arguments");
	ops_scan_everything(o, &names);
	list(o, &names);
	queue_names_free(&names);
	return 0;
}

/* "NAME COUNT" for each quarantine, in the order they were found. */
static int
count_quarantines(struct ops *o)
{
	struct queue_names names = {0};

	if (o->q != NULL)
		scan_quarantines(o, &names);
	for (size_t i = 0, n; i < names.n; i += n) {
		const char *place = names.v[i].place;

		for (n = 1; i + n < names.n &&
		    strcmp(names.v[i + n].place, place) == 0; n++)
			;
		buf_printf(&o->out, "%s %zu\n", strchr(place, '/') + 1, n);
	}
	ops_flush(o);
	queue_names_free(&names);
	return 0;
}

int
ops_list_quarantine(struct ops *o, const char *name)
{
	struct queue_names names = {0};
	char place[QUEUE_NAME_MAX];

	if (name == NULL && !o->json)
		return count_quarantines(o);
	if (o->q != NULL && name == NULL) {
		scan_quarantines(o, &names);
	} else if (o->q != NULL) {
		snprintf(place, sizeof place, "quarantine/%s", name);
		if (queue_scan_place(o->q, place, &names) == -1)
			die_temp_errno("%s/%s", o->q->dir, place);
	}
	list(o, &names);
	queue_names_free(&names);
	return 0;
}
