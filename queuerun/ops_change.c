/*
 * ops_change: retry, requeue and bounce (ops.h): what else becomes of an entry
 * than hold and removal. Like them each has the entry's lock, writes its line
 * into the history first, and ends in one rename or removal.
 */
#include "bounce.h"
#include "clock.h"
#include "dest_file.h"
#include "die.h"
#include "history.h"
#include "ops.h"
#include "route.h"
#include <errno.h>

#define VALUE_MAX 1024 /* octets of a route or queue's name */

static void
note(struct ops *o, const char *id, const char *verb, int64_t now,
    const int64_t *due, unsigned attempts)
{
	struct buf line = {0};

	history_put_operator(&line, now, verb, o->user);
	if (due != NULL)
		history_put_due(&line, now, *due, attempts);
	queue_history(o->q, id, buf_span(&line));
	buf_free(&line);
}

/* Its destinations are not left alone any longer. */
static void
try_destinations(struct ops *o, struct queue_out *out)
{
	struct plan_group *groups;
	size_t n;

	if (plan_queue(&o->plan, &out->env, &out->arena) == -1 ||
	    plan_entry(&o->plan, &out->env, &out->arena, &groups, &n) == -1)
		return;
	for (size_t i = 0; i < n; i++) {
		struct dest d = {0};

		dest_key(&out->env, &groups[i], &d.key);
		d.hash = dest_hash(buf_span(&d.key));
		dest_file_remove(o->q, &d);
		buf_free(&d.key);
	}
}

static int
retry(struct ops *o, struct queue_out *out, const char *id)
{
	int64_t now = clock_wall();

	if (strcmp(out->name.place, "new") == 0)
		return 0;
	if (strcmp(out->name.place, "due") != 0)
		return ops_refuse(id, "it does not wait for an attempt",
		    EXIT_PERM);
	note(o, id, "retry", now, &now, out->name.attempts);
	try_destinations(o, out);
	return queue_out_due(out, now, out->name.attempts);
}

/* Those that failed are open: 0, or -1 and errno. */
static int
open_again(struct queue_out *out)
{
	for (size_t i = 0; i < out->env.nrcpts; i++) {
		char state = out->env.rcpts[i].state;

		if ((state == RCPT_FAILED || state == RCPT_BOUNCED) &&
		    queue_out_mark(out, i, RCPT_OPEN) == -1)
			return -1;
	}
	return 0;
}

/* The metadata key has this value, or with "" is gone; v has the room. */
static void
set_meta(struct envelope_meta *v, size_t *n, const char *key,
    const char *value)
{
	size_t at = 0;

	if (value == NULL)
		return;
	for (size_t i = 0; i < *n; i++)
		if (!span_eq(v[i].key, span_of(key)))
			v[at++] = v[i];
	if (value[0] != '\0')
		v[at++] = (struct envelope_meta){span_of(key), META_STRING,
		    span_of(value)};
	*n = at;
}

/* Another route or queue, and open again: one content or the other. */
static int
rewrite(struct ops *o, struct queue_out *out)
{
	struct envelope env = out->env;
	struct span message = {NULL, 0};

	env.meta = arena_alloc(&out->arena,
	    (env.nmeta + 2) * sizeof *env.meta);
	if (env.nmeta > 0)
		memcpy(env.meta, out->env.meta, env.nmeta * sizeof *env.meta);
	set_meta(env.meta, &env.nmeta, "route", o->route);
	set_meta(env.meta, &env.nmeta, "queue", o->to_queue);
	for (size_t i = 0; i < env.nrcpts; i++)
		if (env.rcpts[i].state == RCPT_FAILED ||
		    env.rcpts[i].state == RCPT_BOUNCED)
			env.rcpts[i].state = RCPT_OPEN;
	return queue_out_rewrite(out, &env, message);
}

static int
requeue(struct ops *o, struct queue_out *out, const char *id)
{
	size_t open = 0;

	for (size_t i = 0; i < out->env.nrcpts; i++) {
		char state = out->env.rcpts[i].state;

		open += state == RCPT_OPEN || state == RCPT_FAILED ||
		    state == RCPT_BOUNCED;
	}
	if (open == 0)
		return ops_refuse(id, "nobody is left to deliver to",
		    EXIT_PERM);
	note(o, id, "requeue", clock_wall(), NULL, 0);
	if (o->route != NULL || o->to_queue != NULL) {
		if (rewrite(o, out) == -1)
			return -1;
	} else if (open_again(out) == -1) {
		return -1;
	}
	/* Or the next run would put it away again. */
	if (ops_finish_postq(out) == -1 || queue_out_sync(out) == -1)
		return -1;
	try_destinations(o, out);
	return queue_out_move(out, "new");
}

/* Those that wait have failed now: 0, or -1 and errno. */
static int
fail_all(struct ops *o, struct entry *e, const char *id, int64_t now)
{
	struct buf lines = {0};
	int r = 0;

	history_put_operator(&lines, now, "bounce", o->user);
	for (size_t i = 0; i < e->out.env.nrcpts; i++) {
		if (e->out.env.rcpts[i].state != RCPT_OPEN)
			continue;
		entry_result(e, i, RESULT_FAIL, 554, "5.0.0",
		    SPAN("returned by the postmaster"), "queuerun");
		history_put_attempt(&lines, e, i, now);
	}
	if (queue_history_durable(o->q, id, buf_span(&lines)) == -1)
		r = -1;
	buf_free(&lines);
	for (size_t i = 0; r == 0 && i < e->out.env.nrcpts; i++)
		if (e->out.env.rcpts[i].state == RCPT_OPEN)
			r = queue_out_mark(&e->out, i, RCPT_FAILED);
	return r == -1 ? -1 : queue_out_sync(&e->out);
}

static int
bounce(struct ops *o, struct queue_out *out, const char *id)
{
	struct entry e = {.out = *out};
	int64_t now = clock_wall();
	struct bounce b;
	char report[ID_SIZE];
	const char *why;
	int r;

	bounce_init(&b, o->q, o->controls);
	if ((why = bounce_nobody(&b, &e)) != NULL)
		return ops_refuse(id, why, EXIT_PERM);
	entry_start(&e);
	r = fail_all(o, &e, id, now);
	if (r == 0 && bounce_failures(&b, &e, now, report, &why) ==
	    BOUNCE_TROUBLE)
		r = -1;
	if (r == 0)
		r = queue_out_remove(&e.out);
	bounce_free(&b);
	*out = e.out;
	return r;
}

int
ops_retry(struct ops *o, const char *const *args, size_t nargs)
{
	return ops_each(o, "retry", args, nargs, retry);
}

size_t
ops_requeue_options(struct ops *o, const char **args, size_t nargs)
{
	struct span scheme;
	size_t n = 0;

	for (size_t i = 0; i < nargs; i++) {
		const char **to = strcmp(args[i], "--route") == 0 ? &o->route :
		    strcmp(args[i], "--to-queue") == 0 ? &o->to_queue :
							 NULL;

		if (to == NULL) {
			args[n++] = args[i];
			continue;
		}
		if (i + 1 == nargs)
			die_perm("%s needs a value", args[i]);
		*to = args[++i];
		if (strlen(*to) > VALUE_MAX)
			die_perm("%s: longer than %d octets", args[i - 1],
			    VALUE_MAX);
	}
	if (o->route != NULL && o->route[0] != '\0' &&
	    !route_scheme(span_of(o->route), &scheme))
		die_perm("--route %s: not a route", o->route);
	return n;
}

int
ops_requeue(struct ops *o, const char *const *args, size_t nargs)
{
	return ops_each(o, "requeue", args, nargs, requeue);
}

int
ops_bounce(struct ops *o, const char *const *args, size_t nargs)
{
	return ops_each(o, "bounce", args, nargs, bounce);
}
