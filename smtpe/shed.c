/* shed: see shed.h. */
#include "shed.h"
#include "load.h"
#include "log.h"
#include <errno.h>

#define CHECK_MS 1000 /* what was well stays well so long */

/* What is over its limit. */
struct excess {
	const char *name; /* the control's; NULL: nothing is */
	uint64_t value, limit;
	bool room;	  /* it is of the queue's filesystem */
};

/* A limit that cannot be watched is none: that is trouble of ours. */
static struct excess
unknown(const char *name)
{
	log_warn("trouble", "%s cannot be watched: %s", name,
	    strerror(errno));
	return (struct excess){.name = name};
}

static struct excess
check_load(const struct controls *c)
{
	uint64_t load[3];

	if (c->maxload == 0)
		return (struct excess){0};
	if (load_averages(load) == -1)
		return unknown("maxload");
	if (load[0] <= c->maxload * 100)
		return (struct excess){0};
	return (struct excess){"maxload", load[0] / 100, c->maxload, false};
}

static struct excess
check_pressure(const char *name, const char *resource, uint64_t limit)
{
	struct load_pressure p;

	if (limit == 0)
		return (struct excess){0};
	if (load_pressure(resource, &p) == -1)
		return unknown(name);
	if (p.some <= limit * 100)
		return (struct excess){0};
	return (struct excess){name, p.some / 100, limit, false};
}

static struct excess
check_memory(const struct controls *c)
{
	uint64_t n;

	if (c->minmemory == 0)
		return (struct excess){0};
	if (load_memory(&n) == -1)
		return unknown("minmemory");
	if (n >= c->minmemory)
		return (struct excess){0};
	return (struct excess){"minmemory", n, c->minmemory, false};
}

static struct excess
check_room(const struct controls *c)
{
	uint64_t octets, files;

	if (c->minfree == 0 && c->mininodes == 0)
		return (struct excess){0};
	if (load_room(c->queuedir, &octets, &files) == -1)
		return unknown("minfree");
	if (octets < c->minfree)
		return (struct excess){"minfree", octets, c->minfree, true};
	if (files < c->mininodes)
		return (struct excess){"mininodes", files, c->mininodes,
		    true};
	return (struct excess){0};
}

static struct excess
check_all(const struct controls *c)
{
	struct excess e = check_room(c);

	if (e.name == NULL)
		e = check_load(c);
	if (e.name == NULL)
		e = check_memory(c);
	if (e.name == NULL)
		e = check_pressure("maxpressure", "memory", c->maxpressure);
	if (e.name == NULL)
		e = check_pressure("maxiopressure", "io", c->maxiopressure);
	return e;
}

static void
log_excess(struct session *s, const struct excess *e)
{
	struct log l;

	log_open_at(&l, LOG_WARNING, "overload");
	log_span(&l, "ip", s->peer.ip_text);
	log_str(&l, "control", e->name);
	log_num(&l, "value", (int64_t)e->value);
	log_num(&l, "limit", (int64_t)e->limit);
	log_send(&l);
}

struct reply
shed_connection(struct session *s)
{
	struct excess e = check_all(&s->controls);
	struct reply r = REPLY(421, "4.3.2", "Too busy, try again later");

	s->load_checked = clock_mono();
	if (e.name == NULL)
		return REPLY_NONE;
	if (e.limit > 0)
		log_excess(s, &e);
	else
		s->failed = true;
	r.drop = true;
	return r;
}

static bool
is_watched(const struct controls *c)
{
	return c->maxload != 0 || c->maxpressure != 0 ||
	    c->maxiopressure != 0 || c->minmemory != 0 || c->minfree != 0 ||
	    c->mininodes != 0;
}

struct reply
shed_message(struct session *s)
{
	struct excess e;
	clock_ms now;

	if (s->slow_until != 0) {
		if (clock_left(s->slow_until) != 0)
			return REPLY(451, "4.3.2",
			    "The disk is slow, try again later");
		s->slow_until = 0;
	}
	if (!is_watched(&s->controls))
		return REPLY_NONE;
	now = clock_mono();
	if (now - s->load_checked < CHECK_MS)
		return REPLY_NONE;
	e = check_all(&s->controls);
	if (e.name == NULL) {
		s->load_checked = now;
		return REPLY_NONE;
	}
	if (e.limit > 0)
		log_excess(s, &e);
	if (e.room)
		return REPLY(452, "4.3.1", "No room, try again later");
	return REPLY(451, "4.3.2", "Too busy, try again later");
}

void
shed_commit_begins(struct session *s)
{
	if (s->controls.slowcommit > 0)
		s->commit_began = clock_mono();
}

void
shed_commit_ends(struct session *s)
{
	int64_t took;
	struct log l;

	if (s->controls.slowcommit <= 0)
		return;
	took = clock_mono() - s->commit_began;
	if (took <= s->controls.slowcommit)
		return;
	s->slow_until = clock_deadline(took);
	log_open_at(&l, LOG_WARNING, "overload");
	log_span(&l, "ip", s->peer.ip_text);
	log_str(&l, "control", "slowcommit");
	log_num(&l, "value", took);
	log_num(&l, "limit", s->controls.slowcommit);
	log_send(&l);
}
