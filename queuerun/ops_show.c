/* ops_show: one entry: show, cat and remove (ops.h). */
#include "clock.h"
#include "compose.h"
#include "die.h"
#include "file.h"
#include "log.h"
#include "ops.h"
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#define LOCK_WAIT 2000 /* ms that a verb waits for an entry in delivery */
#define LOCK_TICK 20   /* ms between two tries */

static void
put_field(struct buf *out, const char *key, struct span value)
{
	if (value.n == 0)
		return;
	buf_printf(out, "%-11s ", key);
	ops_put_safe(out, value);
	buf_putc(out, '\n');
}

static void
put_envelope(struct buf *out, const struct ops_entry *e)
{
	const struct envelope *env = &e->out.env;

	put_field(out, "sender", env->sender.n ? env->sender : SPAN("<>"));
	put_field(out, "client", env->client_ip);
	put_field(out, "client-name", env->client_name);
	put_field(out, "helo", env->helo);
	put_field(out, "protocol", env->protocol);
	put_field(out, "auth", env->auth);
	put_field(out, "tls", env->tls);
	put_field(out, "params", env->params);
	put_field(out, "queue", e->queue);
	put_field(out, "route", e->route);
	for (size_t i = 0; i < env->nmeta; i++) {
		buf_printf(out, "%-11s ", "meta");
		ops_put_safe(out, env->meta[i].key);
		buf_puts(out, " = ");
		ops_put_safe(out, env->meta[i].value);
		buf_putc(out, '\n');
	}
	for (size_t i = 0; i < env->nrcpts; i++) {
		buf_printf(out, "%-11s ", "recipient");
		ops_put_safe(out, env->rcpts[i].address);
		buf_printf(out, " (%s)\n",
		    ops_rcpt_state(env->rcpts[i].state));
	}
}

void
ops_put_entry(struct buf *out, const struct ops_entry *e)
{
	const struct queue_name *name = &e->out.name;
	const char *place = ops_place_name(name);
	char time[OPS_TIME];

	put_field(out, "id", span_of(name->id));
	put_field(out, "state", ops_state(name));
	put_field(out, "name", span_of(place));
	if (e->active)
		put_field(out, "active", SPAN("in delivery now"));
	buf_printf(out, "%-11s %llu octets\n", "size",
	    (unsigned long long)e->out.size);
	buf_printf(out, "%-11s %u\n", "attempts", e->attempts);
	if (strcmp(name->place, "due") == 0)
		buf_printf(out, "%-11s %s UTC\n", "due",
		    ops_time(name->due, time));
	if (e->damage != NULL) {
		put_field(out, "damaged", span_of(e->damage));
		return;
	}
	buf_printf(out, "%-11s %s UTC\n", "received",
	    ops_time(e->out.env.received_us / 1000000, time));
	put_envelope(out, e);
}

int
ops_show(struct ops *o, const char *const *args, size_t nargs)
{
	static struct ops_entry e;
	struct json j;
	int status;

	if (nargs != 1)
		die_perm("show takes one id");
	if ((status = ops_find(o, args[0], &e)) != 0)
		return status;
	json_init(&j, &o->out);
	if (o->json) {
		ops_json(&e, &j);
		buf_putc(&o->out, '\n');
	} else {
		ops_put_entry(&o->out, &e);
	}
	ops_close(&e);
	queue_out_free(&e.out);
	ops_flush(o);
	return 0;
}

int
ops_cat(struct ops *o, const char *const *args, size_t nargs)
{
	static struct ops_entry e;
	struct compose c = {0};
	struct span piece;
	int status, r;

	if (nargs != 1)
		die_perm("cat takes one id");
	if ((status = ops_find(o, args[0], &e)) != 0)
		return status;
	if (e.damage != NULL) {
		ops_say(args[0], e.damage);
		return EXIT_TEMP;
	}
	compose_start(&c, e.out.fd, e.out.size, NULL, &e.out.env);
	while ((r = compose_next(&c, &piece)) == 1) {
		if (file_write_all(STDOUT_FILENO, piece) == 0)
			continue;
		if (errno == EPIPE)
			break;
		die_temp_errno("standard output");
	}
	if (r == -1)
		die_temp_errno("%s", e.out.path);
	compose_free(&c);
	ops_close(&e);
	queue_out_free(&e.out);
	return 0;
}

int
ops_find_locked(struct ops *o, const char *id, struct queue_out *out)
{
	clock_ms deadline = clock_deadline(LOCK_WAIT);

	for (;;) {
		struct queue_names names = {0};
		enum queue_open_result r;
		const char *why;
		int found = o->q == NULL ? 0 : queue_find(o->q, id, &names);

		if (found != 1) {
			ops_say(id, found == 0 ? "no such entry" :
						 strerror(errno));
			queue_names_free(&names);
			return found == 0 ? EXIT_PERM : EXIT_TEMP;
		}
		r = queue_out_open(out, o->q, &names.v[0], true, &why);
		queue_names_free(&names);
		if (r == QUEUE_OPENED || r == QUEUE_DAMAGED)
			return 0;
		if (r == QUEUE_FOREIGN)
			return EXIT_TEMP;
		if (r == QUEUE_TROUBLE) {
			ops_say(id, strerror(errno));
			return EXIT_TEMP;
		}
		if (clock_left(deadline) == 0) {
			ops_say(id, "in delivery, try again");
			return EXIT_TEMP;
		}
		poll(NULL, 0, LOCK_TICK);
	}
}

static int
remove_one(struct ops *o, const char *id, const char *place)
{
	struct queue_out out = {0};
	struct log l;
	char dir[QUEUE_NAME_MAX];
	int status;

	if ((status = ops_find_locked(o, id, &out)) != 0) {
		queue_out_free(&out);
		return status;
	}
	if (place != NULL && strcmp(out.name.place, place) != 0) {
		ops_say(id, "it is not in that quarantine");
		queue_out_close(&out);
		queue_out_free(&out);
		return EXIT_PERM;
	}
	memcpy(dir, out.path, sizeof dir);
	dir[span_rchr(span_of(dir), '/')] = '\0';
	if (queue_out_remove(&out) == -1 ||
	    queue_sync_dir(o->q, dir) == -1) {
		ops_say(id, strerror(errno));
		status = EXIT_TEMP;
	} else {
		log_open(&l, "remove");
		log_str(&l, "id", id);
		log_str(&l, "name", out.path);
		log_send(&l);
	}
	queue_out_close(&out);
	queue_out_free(&out);
	return status;
}

int
ops_remove_from(struct ops *o, const char *const *ids, size_t n,
    const char *place)
{
	int status = 0;

	for (size_t i = 0; i < n; i++) {
		int r = remove_one(o, ids[i], place);

		/* "Try again" says more than "was not there". */
		if (r > status)
			status = r;
	}
	return status;
}

int
ops_remove(struct ops *o, const char *const *args, size_t nargs)
{
	if (nargs == 0)
		die_perm("remove takes one id or more");
	return ops_remove_from(o, args, nargs, NULL);
}
