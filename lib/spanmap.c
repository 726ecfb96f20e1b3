/* spanmap: see spanmap.h. Open addressing, at most half full. */
#include "spanmap.h"

struct spanmap_slot {
	struct span key; /* p NULL: free */
	size_t value;
};

static uint64_t
mix(uint64_t h, struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
	return h ^ h >> 29;
}

void
spanmap_init(struct spanmap *m, size_t n, struct span secret, struct arena *a)
{
	size_t slots = 16;

	while (slots < n * 2)
		slots *= 2;
	m->slots = arena_zalloc(a, slots * sizeof *m->slots);
	m->mask = slots - 1;
	m->seed = mix(14695981039346656037u, secret);
}

static struct spanmap_slot *
look(const struct spanmap *m, struct span key)
{
	size_t i = (size_t)mix(m->seed, key) & m->mask;

	while (m->slots[i].key.p != NULL && !span_eq(m->slots[i].key, key))
		i = (i + 1) & m->mask;
	return &m->slots[i];
}

size_t *
spanmap_put(struct spanmap *m, struct span key)
{
	struct spanmap_slot *slot = look(m, key);

	if (slot->key.p == NULL)
		slot->key = key.p != NULL ? key : span_of("");
	return &slot->value;
}

size_t *
spanmap_find(const struct spanmap *m, struct span key)
{
	struct spanmap_slot *slot = look(m, key);

	return slot->key.p == NULL ? NULL : &slot->value;
}
