/*
 * ops_move: hold and release, and the verbs of the quarantines (ops.h). Each
 * transition is one rename under the entry's lock; why is in the history
 * before it.
 */
#include "clock.h"
#include "die.h"
#include "history.h"
#include "log.h"
#include "ops.h"
#include "watch.h"
#include <errno.h>
#include <stdio.h>

static void
log_move(const char *verb, const char *id, const char *to)
{
	struct log l;

	log_open(&l, verb);
	log_str(&l, "id", id);
	log_str(&l, "to", to);
	log_send(&l);
}

static int
refuse(struct queue_out *out, const char *id, const char *why, int status)
{
	ops_say(id, why);
	queue_out_close(out);
	return status;
}

int
ops_finish_postq(struct queue_out *out)
{
	if (out->env.postq != POSTQ_RESULT || out->env.postq_offset == 0)
		return 0;
	return queue_out_mark_postq(out, POSTQ_DONE);
}

static int
hold(struct ops *o, struct queue_out *out, const char *id)
{
	struct buf line = {0};

	if (strcmp(out->name.place, "new") != 0 &&
	    strcmp(out->name.place, "due") != 0)
		return refuse(out, id, "it is not waiting for delivery",
		    EXIT_PERM);
	history_put_operator(&line, clock_wall(), "hold", o->user);
	queue_history(o->q, id, buf_span(&line));
	buf_free(&line);
	return queue_out_move(out, "hold");
}

/* Back to where it waits for delivery: as new where it was never tried. */
static int
release(struct ops *o, struct queue_out *out, const char *id)
{
	unsigned attempts = ops_attempts(o->q, id);
	int64_t now = clock_wall();
	struct buf line = {0};

	if (strcmp(out->name.place, "hold") != 0 &&
	    strncmp(out->name.place, "quarantine/", 11) != 0)
		return refuse(out, id, "it is neither held nor in quarantine",
		    EXIT_PERM);
	history_put_operator(&line, now, "release", o->user);
	if (attempts > 0)
		history_put_due(&line, now, now, attempts);
	queue_history(o->q, id, buf_span(&line));
	buf_free(&line);
	if (ops_finish_postq(out) == -1)
		return -1;
	return attempts > 0 ? queue_out_due(out, now, attempts) :
			      queue_out_move(out, "new");
}

/* The name is durable: what was held is not delivered after a power cut. */
static int
sync_place(struct ops *o, const struct queue_out *out)
{
	char dir[QUEUE_NAME_MAX];

	snprintf(dir, sizeof dir, "%.*s",
	    (int)span_rchr(span_of(out->path), '/'), out->path);
	watch_wake(o->q);
	return queue_sync_dir(o->q, dir);
}

int
ops_refuse(const char *id, const char *why, int status)
{
	ops_say(id, why);
	return status;
}

/* place NULL: wherever it is. */
static int
move_one(struct ops *o, const char *verb, const char *id, const char *place,
    int (*move)(struct ops *, struct queue_out *, const char *))
{
	struct queue_out out = {0};
	int status = ops_find_locked(o, id, &out), r;

	if (status == 0 && place != NULL &&
	    strcmp(out.name.place, place) != 0)
		status = refuse(&out, id, "it is not in that quarantine",
		    EXIT_PERM);
	if (status == 0 && out.env.nrcpts == 0)
		status = refuse(&out, id, "it is damaged", EXIT_TEMP);
	if (status == 0) {
		r = move(o, &out, id);
		if (r == -1)
			ops_say(id, strerror(errno));
		if (r == 0)
			log_move(verb, id, out.path);
		/* Done, but a power cut may undo it. */
		if (r == 0 && (r = sync_place(o, &out)) == -1)
			ops_say(id, strerror(errno));
		status = r == -1 ? EXIT_TEMP : r;
		queue_out_close(&out);
	}
	queue_out_free(&out);
	return status;
}

static int
move_all(struct ops *o, const char *verb, const char *const *ids, size_t n,
    const char *place,
    int (*move)(struct ops *, struct queue_out *, const char *))
{
	int status = 0;

	for (size_t i = 0; i < n; i++) {
		int r = move_one(o, verb, ids[i], place, move);

		if (r > status)
			status = r;
	}
	return status;
}

int
ops_each(struct ops *o, const char *verb, const char *const *ids, size_t n,
    int (*act)(struct ops *, struct queue_out *, const char *))
{
	return move_all(o, verb, ids, n, NULL, act);
}

int
ops_hold(struct ops *o, const char *const *args, size_t nargs)
{
	if (nargs == 0)
		die_perm("hold takes one id or more");
	return move_all(o, "hold", args, nargs, NULL, hold);
}

int
ops_release(struct ops *o, const char *const *args, size_t nargs)
{
	if (nargs == 0)
		die_perm("release takes one id or more");
	return move_all(o, "release", args, nargs, NULL, release);
}

/* --- quarantine list, release, delete --- */

/* Every id of the quarantine, as text that lives as long as we do. */
static size_t
all_ids(struct ops *o, const char *place, const char *const **ids)
{
	struct queue_names names = {0};
	const char **v;
	size_t n;

	if (o->q != NULL && queue_scan_place(o->q, place, &names) == -1)
		die_temp_errno("%s/%s", o->q->dir, place);
	n = names.n;
	v = arena_alloc(&o->arena, (n + 1) * sizeof *v);
	for (size_t i = 0; i < n; i++)
		v[i] = arena_cstr(&o->arena, span_of(names.v[i].id));
	queue_names_free(&names);
	*ids = v;
	return n;
}

static int
change(struct ops *o, const char *verb, const char *const *args, size_t nargs)
{
	char place[QUEUE_NAME_MAX] = "quarantine/";
	const char *const *ids = args + 1;
	size_t n = nargs - 1;

	if (nargs < 2)
		die_perm("quarantine %s takes its name, and ids or --all",
		    verb);
	if (!queue_place_valid(span_of(args[0])))
		die_perm("%s is not a quarantine's name", args[0]);
	strncat(place, args[0], sizeof place - 12);
	if (n == 1 && strcmp(ids[0], "--all") == 0)
		n = all_ids(o, place, &ids);
	if (strcmp(verb, "release") == 0)
		return move_all(o, "release", ids, n, place, release);
	return ops_remove_from(o, ids, n, place);
}

int
ops_quarantine(struct ops *o, const char *const *args, size_t nargs)
{
	if (nargs == 0)
		die_perm("quarantine list, release or delete");
	if (strcmp(args[0], "list") == 0 && nargs <= 2) {
		if (nargs == 2 && !queue_place_valid(span_of(args[1])))
			die_perm("%s is not a quarantine's name", args[1]);
		return ops_list_quarantine(o, nargs == 2 ? args[1] : NULL);
	}
	if (strcmp(args[0], "release") == 0 || strcmp(args[0], "delete") == 0)
		return change(o, args[0], args + 1, nargs - 1);
	die_perm("quarantine list, release or delete");
}
