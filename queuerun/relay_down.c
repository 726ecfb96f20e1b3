/*
 * relay_down: see relay_down.h. A table in shared memory without locks: a slot
 * is written whole or not at all as far as anybody relies on it, since its
 * check is written last. A race costs one wait, or one message a later
 * attempt.
 */
#include "relay_down.h"
#include <sys/mman.h>

#define SLOTS 1024
#define NEAR  8 /* slots that an address may stand in */

struct slot {
	struct ip ip;
	unsigned port;
	int error;
	clock_ms until;
	uint64_t check; /* of all of it */
};

static struct slot *table;

void
relay_down_init(void)
{
	void *p = mmap(NULL, SLOTS * sizeof *table, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	/* Without it every worker finds out for itself. */
	table = p == MAP_FAILED ? NULL : p;
}

static uint64_t
hash(const struct ip *ip, unsigned port)
{
	uint64_t h = 14695981039346656037u ^ port;

	for (size_t i = 0; i < sizeof ip->a; i++)
		h = (h ^ ip->a[i]) * 1099511628211u;
	return h ^ (uint64_t)ip->family << 32;
}

static uint64_t
check_of(const struct slot *s)
{
	uint64_t h = hash(&s->ip, s->port);

	return (h ^ (uint64_t)s->until ^ (uint64_t)s->error << 48) *
	    1099511628211u | 1;
}

static bool
is_for(const struct slot *s, const struct ip *ip, unsigned port)
{
	return s->port == port && ip_eq(&s->ip, ip);
}

static struct slot *
slot_at(uint64_t h, size_t i)
{
	return &table[(h + i) % SLOTS];
}

/* A copy of the slot of this address that is whole: true. */
static bool
find(const struct ip *ip, unsigned port, struct slot *copy, struct slot **at)
{
	uint64_t h = hash(ip, port);

	for (size_t i = 0; table != NULL && i < NEAR; i++) {
		*at = slot_at(h, i);
		*copy = **(struct slot *volatile *)at;
		if (copy->check != 0 && is_for(copy, ip, port) &&
		    copy->check == check_of(copy))
			return true;
	}
	return false;
}

void
relay_down_note(const struct ip *ip, unsigned port, int error)
{
	uint64_t h = hash(ip, port);
	struct slot new = {*ip, port, error, clock_deadline(RELAY_DOWN_MS), 0};
	struct slot copy, *at, *oldest;

	if (table == NULL)
		return;
	if (!find(ip, port, &copy, &at)) {
		oldest = slot_at(h, 0);
		for (size_t i = 1; i < NEAR; i++)
			if (slot_at(h, i)->until < oldest->until)
				oldest = slot_at(h, i);
		at = oldest;
	}
	new.check = check_of(&new);
	*at = new;
}

void
relay_down_clear(const struct ip *ip, unsigned port)
{
	struct slot copy, *at;

	if (find(ip, port, &copy, &at))
		at->check = 0;
}

int
relay_down_find(const struct ip *ip, unsigned port)
{
	struct slot copy, *at;

	if (!find(ip, port, &copy, &at) || clock_left(copy.until) == 0)
		return 0;
	return copy.error;
}
