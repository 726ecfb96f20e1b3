/* ops_entry: one entry, as smtpe-queue shows it (ops.h). */
#include "clock.h"
#include "die.h"
#include "file.h"
#include "num.h"
#include "ops.h"
#include "queue_name.h"
#include <errno.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

void
ops_say(const char *what, const char *text)
{
	struct buf b = {0};

	buf_puts(&b, "smtpe-queue: ");
	ops_put_safe(&b, span_of(what));
	buf_puts(&b, ": ");
	buf_puts(&b, text);
	buf_putc(&b, '\n');
	file_write_all(STDERR_FILENO, buf_span(&b));
	buf_free(&b);
}

void
ops_flush(struct ops *o)
{
	if (file_write_all(STDOUT_FILENO, buf_span(&o->out)) == -1) {
		if (errno == EPIPE)
			_exit(0);
		die_temp_errno("standard output");
	}
	buf_reset(&o->out);
}

void
ops_put_safe(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < ' ' || c >= 0x7f)
			buf_printf(out, "\\x%02x", c);
		else
			buf_putc(out, (char)c);
	}
}

const char *
ops_time(int64_t seconds, char out[OPS_TIME])
{
	char text[CLOCK_RFC3339];

	if (seconds <= 0)
		return "-";
	clock_format_rfc3339(seconds * 1000000, text);
	snprintf(out, OPS_TIME, "%.10s %.8s", text, text + 11);
	return out;
}

struct span
ops_state(const struct queue_name *name)
{
	struct span place = span_of(name->place);

	return span_head(place, span_chr(place, '/'));
}

const char *
ops_place_name(const struct queue_name *name)
{
	const char *slash = strchr(name->place, '/');

	return slash ? slash + 1 : NULL;
}

const char *
ops_rcpt_state(char state)
{
	switch (state) {
	case RCPT_OPEN:
		return "open";
	case RCPT_DELIVERED:
		return "delivered";
	case RCPT_DISCARDED:
		return "discarded";
	default: /* failed for good; its bounce is written, or to come */
		return "bounced";
	}
}

/* Who has it? Nobody is disturbed: a runner that finds our shared lock in
 * its way comes back to the entry at the end of its pass. */
static bool
is_locked(int fd)
{
	if (flock(fd, LOCK_SH | LOCK_NB) == -1)
		return errno == EWOULDBLOCK;
	flock(fd, LOCK_UN);
	return false;
}

/* Outside due/ the name does not say it: the last attempt's number. */
unsigned
ops_attempts(struct queue *q, const char *id)
{
	struct buf text = {0};
	struct span rest, line, word;
	uint64_t n = 0, v;

	if (queue_history_end(q, id, &text) == 0) {
		rest = buf_span(&text);
		while (span_cut(&rest, '\n', &line))
			if (span_word(&line, &word) &&
			    span_word(&line, &word) &&
			    span_eq(word, SPAN("attempt")) &&
			    span_word(&line, &word) &&
			    num_parse_max(word, 1000000, &v) == 0 && v > n)
				n = v;
	}
	buf_free(&text);
	return (unsigned)n;
}

/* The route is that of the first recipient that is still open. */
static void
look_up_routing(struct ops *o, struct ops_entry *e)
{
	struct envelope *env = &e->out.env;
	struct span open = env->rcpts[0].address;
	struct queue_parts parts;
	struct buf name = {0};

	for (size_t i = env->nrcpts; i > 0; i--)
		if (env->rcpts[i - 1].state == RCPT_OPEN)
			open = env->rcpts[i - 1].address;
	queue_name_parts(env, &parts);
	if (parts.domain.n == 0 && parts.routing_domain.n == 0)
		parts.domain = o->controls->me;
	queue_name_format(&parts, &name);
	e->queue = arena_dup(&e->out.arena, buf_span(&name));
	buf_free(&name);
	if (plan_queue(&o->plan, env, &e->out.arena) == -1 ||
	    plan_route(&o->plan, env, open, &e->out.arena, &e->route) == -1)
		e->route = span_make(NULL, 0);
}

enum ops_open_result
ops_open(struct ops *o, const struct queue_name *name, struct ops_entry *e)
{
	e->damage = NULL;
	e->queue = e->route = span_make(NULL, 0);
	switch (queue_out_open(&e->out, o->q, name, false, &e->damage)) {
	case QUEUE_OPENED:
		look_up_routing(o, e);
		break;
	case QUEUE_DAMAGED:
		/* What was read up to there is nothing to rely on. */
		memset(&e->out.env, 0, sizeof e->out.env);
		break;
	case QUEUE_BUSY:
	case QUEUE_GONE:
		return OPS_GONE;
	case QUEUE_FOREIGN:
		return OPS_ERROR;
	case QUEUE_TROUBLE:
		ops_say(e->out.path, strerror(errno));
		return OPS_ERROR;
	}
	e->active = is_locked(e->out.fd);
	e->attempts = strcmp(name->place, "due") == 0 ? name->attempts :
	    strcmp(name->place, "new") == 0	      ? 0 :
	    ops_attempts(o->q, name->id);
	return OPS_OPENED;
}

void
ops_close(struct ops_entry *e)
{
	queue_out_close(&e->out);
}

int
ops_find(struct ops *o, const char *id, struct ops_entry *e)
{
	enum ops_open_result r = OPS_GONE;

	/* A runner may move it between our look at its name and our open. */
	for (int tries = 0; tries < 5 && r == OPS_GONE; tries++) {
		struct queue_names names = {0};
		int found;

		if (o->q == NULL)
			break;
		if ((found = queue_find(o->q, id, &names)) == 1)
			r = ops_open(o, &names.v[0], e);
		else
			tries = 5;
		if (found == -1)
			ops_say(id, strerror(errno));
		queue_names_free(&names);
		if (found == -1)
			return EXIT_TEMP;
	}
	if (r == OPS_GONE)
		ops_say(id, "no such entry");
	if (r == OPS_ERROR)
		return EXIT_TEMP;
	return r == OPS_GONE ? EXIT_PERM : 0;
}

static void
json_text(struct json *j, const char *key, struct span s)
{
	if (s.p == NULL)
		json_null(j, key);
	else
		json_string(j, key, s);
}

static void
json_meta(const struct envelope *env, struct json *j)
{
	json_open_object(j, "meta");
	for (size_t i = 0; i < env->nmeta; i++) {
		const struct envelope_meta *m = &env->meta[i];
		struct buf key = {0};

		buf_put(&key, m->key);
		if (m->type == META_NUMBER)
			json_decimal(j, buf_cstr(&key), m->value);
		else if (m->type == META_BOOL)
			json_bool(j, buf_cstr(&key),
			    span_eq(m->value, SPAN("true")) ||
				span_eq(m->value, SPAN("1")));
		else
			json_string(j, buf_cstr(&key), m->value);
		buf_free(&key);
	}
	json_close_object(j);
}

static void
json_rcpts(const struct envelope *env, struct json *j)
{
	json_open_array(j, "recipients");
	for (size_t i = 0; i < env->nrcpts; i++) {
		json_open_object(j, NULL);
		json_string(j, "address", env->rcpts[i].address);
		json_string(j, "state",
		    span_of(ops_rcpt_state(env->rcpts[i].state)));
		json_close_object(j);
	}
	json_close_array(j);
}

void
ops_json(const struct ops_entry *e, struct json *j)
{
	const struct queue_name *name = &e->out.name;
	const char *place = ops_place_name(name);
	bool good = e->damage == NULL;

	json_open_object(j, NULL);
	json_string(j, "id", span_of(name->id));
	json_string(j, "state", ops_state(name));
	json_text(j, "name", place ? span_of(place) : span_make(NULL, 0));
	json_bool(j, "active", e->active);
	json_text(j, "sender", e->out.env.sender);
	json_rcpts(&e->out.env, j);
	json_number(j, "size", (int64_t)e->out.size);
	if (good)
		json_number(j, "received", e->out.env.received_us / 1000000);
	else
		json_null(j, "received");
	if (strcmp(name->place, "due") == 0)
		json_number(j, "due", name->due);
	else
		json_null(j, "due");
	json_number(j, "attempts", e->attempts);
	json_text(j, "queue", e->queue);
	json_text(j, "route", e->route);
	json_meta(&e->out.env, j);
	if (!good)
		json_string(j, "damaged", span_of(e->damage));
	json_close_object(j);
}
