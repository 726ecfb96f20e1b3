/*
 * dest_turn: whose turn it is (dest.h): the destinations that names wait for
 * are a ring, and so are the senders of each.
 */
#include "dest.h"
#include "die.h"
#include "dest_file.h"
#include <stdlib.h>

void
dest_free_lanes(struct dest *d)
{
	while (d->lanes != NULL) {
		struct lane *l = d->lanes->next;

		if (l == d->lanes)
			d->lanes = NULL;
		else
			d->lanes->next = l->next;
		free(l->v);
		free(l);
	}
}

static struct lane *
find_lane(struct dest *d, uint64_t sender)
{
	struct lane *l = d->lanes, *fresh;

	if (l != NULL)
		do {
			if (l->sender == sender)
				return l;
			l = l->next;
		} while (l != d->lanes);
	if ((fresh = calloc(1, sizeof *fresh)) == NULL)
		die_temp("out of memory");
	fresh->sender = sender;
	fresh->next = fresh;
	if (d->lanes != NULL) {
		fresh->next = d->lanes->next;
		d->lanes->next = fresh;
	}
	d->lanes = fresh;
	return fresh;
}

static void
join_ring(struct dests *ds, struct dest *d)
{
	if (d->turn != NULL)
		return;
	d->turn = d;
	if (ds->ring != NULL) {
		d->turn = ds->ring->turn;
		ds->ring->turn = d;
	}
	ds->ring = d;
}

void
dests_put(struct dests *ds, struct dest *d, struct span sender,
    const struct queue_name *name)
{
	struct lane *l = find_lane(d, dest_hash(sender));

	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 16;
		void *v = realloc(l->v, cap * sizeof *l->v);

		if (v == NULL)
			die_temp("out of memory");
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = *name;
	ds->waiting++;
	join_ring(ds, d);
}

/* The next name of the sender whose turn it is. */
static void
take(struct dest *d, struct queue_name *name)
{
	struct lane *l = d->lanes->next;

	*name = l->v[l->head++];
	if (l->head < l->n) {
		d->lanes = l;
		return;
	}
	if (l->next == l)
		d->lanes = NULL;
	else
		d->lanes->next = l->next;
	free(l->v);
	free(l);
}

bool
dests_next(struct dests *ds, int64_t now, struct queue_name *name)
{
	struct dest *before = ds->ring, *d;

	if (before == NULL)
		return false;
	do {
		d = before->turn;
		if (dest_has_room(d, now) || dest_is_down(ds, d, now)) {
			take(d, name);
			ds->waiting--;
			ds->ring = d;
			if (d->lanes != NULL)
				return true;
			/* It leaves the ring. */
			before->turn = d->turn;
			ds->ring = before == d ? NULL : before;
			d->turn = NULL;
			return true;
		}
		before = d;
	} while (before != ds->ring);
	return false;
}

void
dests_drop_waiting(struct dests *ds)
{
	while (ds->ring != NULL) {
		struct dest *d = ds->ring->turn;

		dest_free_lanes(d);
		if (d == ds->ring)
			ds->ring = NULL;
		else
			ds->ring->turn = d->turn;
		d->turn = NULL;
	}
	ds->waiting = 0;
}
