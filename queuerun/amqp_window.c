/* amqp_window: see amqp_window.h. */
#include "amqp_window.h"
#include "die.h"
#include <stdlib.h>

static struct amqp_sent *
place(struct amqp_window *w, uint64_t tag)
{
	return &w->ring[tag & (w->size - 1)];
}

void
amqp_window_init(struct amqp_window *w, size_t limit)
{
	w->limit = limit;
	w->size = 1;
	while (w->size < limit)
		w->size *= 2;
	if ((w->ring = calloc(w->size, sizeof *w->ring)) == NULL)
		die_temp("out of memory");
	amqp_window_reset(w);
}

void
amqp_window_reset(struct amqp_window *w)
{
	if (w->n > 0)
		die_bug("amqp_window_reset: %zu are left", w->n);
	w->oldest = w->next = 1;
}

bool
amqp_window_full(const struct amqp_window *w)
{
	return w->next - w->oldest >= w->limit;
}

struct amqp_sent *
amqp_window_put(struct amqp_window *w, struct amqp_part *part)
{
	struct amqp_sent *s = place(w, w->next);

	if (amqp_window_full(w))
		die_bug("amqp_window_put: full");
	*s = (struct amqp_sent){.part = part, .since = CLOCK_NEVER};
	w->next++;
	w->n++;
	return s;
}

bool
amqp_window_take(struct amqp_window *w, uint64_t tag, struct amqp_sent *sent)
{
	struct amqp_sent *s;

	if (tag < w->oldest || tag >= w->next)
		return false;
	s = place(w, tag);
	if (s->part == NULL)
		return false;
	*sent = *s;
	s->part = NULL;
	w->n--;
	while (w->oldest < w->next && place(w, w->oldest)->part == NULL)
		w->oldest++;
	return true;
}

struct amqp_sent *
amqp_window_oldest(struct amqp_window *w)
{
	return w->n > 0 ? place(w, w->oldest) : NULL;
}

struct amqp_sent *
amqp_window_find(struct amqp_window *w, struct span message_id)
{
	for (uint64_t tag = w->oldest; tag < w->next; tag++) {
		struct amqp_sent *s = place(w, tag);

		if (s->part != NULL && !s->returned &&
		    span_eq(s->part->message_id, message_id))
			return s;
	}
	return NULL;
}
