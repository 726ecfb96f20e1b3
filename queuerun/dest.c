/* dest: see dest.h. What is remembered between runs is dest_file.c's. */
#include "dest.h"
#include "die.h"
#include "dest_file.h"
#include "log.h"
#include "queue_config.h"
#include "queue_name.h"
#include <stdlib.h>

#define MANY 4096 /* destinations that are kept without a reason */

void
dests_init(struct dests *ds, struct queue *q, const struct controls *c,
    const struct retry *retry, bool all)
{
	*ds = (struct dests){.q = q, .controls = c, .retry = *retry,
	    .all = all};
}

static void
free_dest(struct dest *d)
{
	dest_free_lanes(d);
	buf_free(&d->key);
	buf_free(&d->text);
	free(d);
}

void
dests_free(struct dests *ds)
{
	for (size_t i = 0; i < DEST_TABLE; i++)
		while (ds->table[i] != NULL) {
			struct dest *d = ds->table[i];

			ds->table[i] = d->chain;
			free_dest(d);
		}
	ds->n = 0;
	ds->ring = NULL;
}

void
dests_forget(struct dests *ds)
{
	if (ds->n < MANY)
		return;
	for (size_t i = 0; i < DEST_TABLE; i++)
		for (struct dest **at = &ds->table[i]; *at != NULL;) {
			struct dest *d = *at;

			if (d->open > 0 || d->lanes != NULL) {
				at = &d->chain;
				continue;
			}
			*at = d->chain;
			ds->n--;
			free_dest(d);
		}
}

static bool
is_one_of(struct span s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (span_eq(s, span_of(*words)))
			return true;
	return false;
}

/* Its domain, as the resolver would be asked for it. */
static struct span
first_domain(const struct envelope *env, const struct plan_group *g)
{
	struct span address = env->rcpts[g->rcpts[0]].address;
	size_t at = span_rchr(address, '@');

	return at < address.n ? span_skip(address, at + 1) : span_of(NULL);
}

/* What is here, and brokers, whose agents say themselves when they are busy,
 * are one destination each. */
static bool
is_one(struct span route)
{
	static const char *const here[] = {"maildir", "pipe", "amqp", NULL};

	return is_one_of(span_head(route, span_chr(route, ':')), here);
}

/* Has its queue limits of its own? */
static bool
find_limit(const struct envelope *env, uint64_t *limit)
{
	struct queue_config config = {0};
	struct arena arena = {0};
	struct span bad;
	bool good;

	good = env->queue_config.n > 0 &&
	    queue_config_parse(env->queue_config, &arena, &config, &bad) ==
		NULL && config.concurrency > 0;
	*limit = config.concurrency;
	arena_free(&arena);
	return good;
}

void
dest_key(const struct envelope *env, const struct plan_group *g,
    struct buf *key)
{
	size_t colon = span_chr(g->route, ':');
	struct queue_parts parts;
	uint64_t limit;

	if (is_one(g->route)) {
		buf_put(key, span_head(g->route, colon + 1));
	} else {
		buf_put(key, g->route);
		if (colon + 1 >= g->route.n) {
			buf_putc(key, '|');
			buf_put(key, first_domain(env, g));
		}
	}
	if (find_limit(env, &limit)) {
		queue_name_parts(env, &parts);
		buf_putc(key, '!');
		queue_name_format(&parts, key);
	}
	for (size_t i = 0; i < key->n; i++)
		key->p[i] = ascii_lower(key->p[i]);
}

static struct dest *
add(struct dests *ds, struct span key, uint64_t hash, struct pool_agent *a)
{
	struct dest *d = calloc(1, sizeof *d);

	if (d == NULL)
		die_temp("out of memory");
	buf_put(&d->key, key);
	d->hash = hash;
	d->agent = a;
	d->chain = ds->table[hash % DEST_TABLE];
	ds->table[hash % DEST_TABLE] = d;
	ds->n++;
	return d;
}

struct dest *
dests_find(struct dests *ds, const struct entry *e,
    const struct plan_group *g, struct pool_agent *a)
{
	static const char *const hosts[] = {"smtp", "lmtp", NULL};
	struct buf key = {0};
	struct dest *d;
	uint64_t hash, limit;

	dest_key(&e->out.env, g, &key);
	hash = dest_hash(buf_span(&key));
	for (d = ds->table[hash % DEST_TABLE]; d != NULL; d = d->chain)
		if (d->hash == hash &&
		    span_eq(buf_span(&d->key), buf_span(&key)))
			break;
	if (d == NULL) {
		d = add(ds, buf_span(&key), hash, a);
		d->backs_off = !is_one(g->route);
		if (d->backs_off)
			dest_file_read(ds->q, d);
	}
	if (find_limit(&e->out.env, &limit))
		d->limit = (size_t)limit;
	else if (is_one_of(span_of(a->name), hosts))
		d->limit = (size_t)ds->controls->concurrencydest;
	buf_free(&key);
	return d;
}

bool
dest_is_down(const struct dests *ds, const struct dest *d, int64_t now)
{
	/* What lies too far ahead comes from a clock that was wrong. */
	return d->count > 0 && d->until > now &&
	    d->until - now <= retry_longest(&ds->retry) && !ds->all;
}

bool
dest_has_room(const struct dest *d, int64_t now)
{
	if (pool_room(d->agent) == POOL_FULL)
		return false;
	/* Its time is over: one tries whether it answers. */
	if (d->count > 0 && d->until <= now)
		return d->open == 0;
	return d->limit == 0 || d->open < d->limit;
}

int64_t
dest_due(const struct dests *ds, const struct dest *d, struct span id,
    int64_t now)
{
	int64_t interval = retry_interval(&ds->retry, d->count) / 1000;
	int64_t until = d->until > now ? d->until : now;

	/* Not all at once. */
	return until + 1 + (int64_t)(dest_hash(id) % 1001) * interval / 10000;
}

/* Did nobody answer there? RFC 3463 3.5, and 421 (RFC 5321 3.8). */
static bool
is_silence(const struct result *r)
{
	return r->kind == RESULT_LATER && (r->code == 421 ||
	    (r->enhanced.n == 5 && memcmp(r->enhanced.p, "4.4.", 4) == 0 &&
		r->enhanced.p[4] <= '5'));
}

static void
log_change(const struct dest *d, const char *event)
{
	struct log l;

	log_open_at(&l, d->count > 0 ? LOG_WARNING : LOG_INFO, event);
	log_span(&l, "dest", buf_span(&d->key));
	if (d->count > 0) {
		log_num(&l, "until", d->until);
		log_num(&l, "count", d->count);
		log_span(&l, "text", buf_span(&d->text));
	}
	log_send(&l);
}

static void
goes_down(struct dests *ds, struct dest *d, const struct result *r,
    int64_t now)
{
	/* Deliveries that were under way together are one failure. */
	if (d->count > 0 && d->until > now)
		return;
	if (d->count++ == 0)
		d->since = now;
	d->until = retry_due(&ds->retry, buf_span(&d->key), d->count, now);
	buf_reset(&d->text);
	buf_put(&d->text, r->text);
	dest_file_write(ds->q, d);
	log_change(d, "destination-down");
}

static void
comes_up(struct dests *ds, struct dest *d)
{
	if (d->count == 0)
		return;
	d->count = 0;
	d->until = 0;
	dest_file_remove(ds->q, d);
	log_change(d, "destination-up");
}

void
dests_learn(struct dests *ds, const struct job *j, int64_t now)
{
	const struct result *silent = NULL;
	struct span domain = first_domain(&j->entry->out.env, j->group);
	const struct envelope *env = &j->entry->out.env;
	bool answered = false;

	if (j->dest == NULL || !j->dest->backs_off)
		return;
	for (size_t i = 0; i < j->group->nrcpts; i++) {
		size_t n = j->group->rcpts[i];
		const struct result *r = &j->entry->results[n];

		/* A job may have other domains, too. */
		if (!span_iends(env->rcpts[n].address, domain) ||
		    r->kind == RESULT_UNTRIED)
			continue;
		if (is_silence(r))
			silent = r;
		else if (r->code != 451 || r->peer.n > 0 ||
		    !span_eq(r->enhanced, SPAN("4.3.0")))
			answered = true;
	}
	if (answered)
		comes_up(ds, j->dest);
	else if (silent != NULL)
		goes_down(ds, j->dest, silent, now);
}
