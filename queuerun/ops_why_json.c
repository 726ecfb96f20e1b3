/* ops_why_json: smtpe-queue why --json (ops.h): what why says, for programs. */
#include "dest_file.h"
#include "history.h"
#include "num.h"
#include "ops.h"
#include <errno.h>

static void
put_route(struct ops *o, struct ops_entry *e, const struct plan_group *g,
    struct json *j)
{
	const struct envelope *env = &e->out.env;
	struct span route = {NULL, 0};
	struct dest d = {0};

	if (plan_route(&o->plan, env, env->rcpts[g->rcpts[0]].address,
		&e->out.arena, &route) == -1)
		return;
	json_open_object(j, NULL);
	json_string(j, "route", route);
	json_string(j, "rule", span_of(o->plan.rule));
	json_open_array(j, "recipients");
	for (size_t i = 0; i < g->nrcpts; i++)
		json_string(j, NULL, env->rcpts[g->rcpts[i]].address);
	json_close_array(j);
	dest_key(env, g, &d.key);
	d.hash = dest_hash(buf_span(&d.key));
	dest_file_read(o->q, &d);
	if (d.count > 0) {
		json_number(j, "silent_since", d.since);
		json_number(j, "left_alone_until", d.until);
		json_string(j, "text", buf_span(&d.text));
	}
	json_close_object(j);
	buf_free(&d.key);
	buf_free(&d.text);
}

static void
put_attempt(const struct history_line *h, struct json *j)
{
	json_number(j, "attempt", h->number);
	json_string(j, "recipient", h->rcpt);
	json_string(j, "agent", h->agent);
	json_string(j, "outcome", h->outcome);
	json_number(j, "code", h->code);
	json_string(j, "enhanced", h->enhanced);
	json_string(j, "text", h->text);
	if (h->peer.n > 0)
		json_string(j, "peer", h->peer);
}

/* "1800000300 1" */
static void
put_due(struct span rest, struct json *j)
{
	static const char *const keys[] = {"due", "attempts"};
	struct span word;
	uint64_t n;

	for (size_t i = 0; i < 2; i++)
		if (span_word(&rest, &word) &&
		    num_parse_max(word, 9999999999, &n) == 0)
			json_number(j, keys[i], (int64_t)n);
}

static void
put_line(const struct history_line *h, struct arena *a, struct json *j)
{
	struct span rest = h->rest, word, plain;

	json_open_object(j, NULL);
	json_number(j, "time", h->time);
	json_string(j, "event", h->word);
	if (span_eq(h->word, SPAN("attempt"))) {
		put_attempt(h, j);
	} else if (span_eq(h->word, SPAN("due"))) {
		put_due(rest, j);
	} else {
		json_open_array(j, "words");
		while (span_word(&rest, &word)) {
			if (escape_undo(word, a, &plain) == -1)
				plain = word;
			json_string(j, NULL, plain);
		}
		json_close_array(j);
	}
	json_close_object(j);
}

static void
put_history(struct ops *o, const char *id, struct json *j)
{
	struct buf text = {0};
	struct arena a = {0};
	struct span rest, line;
	struct history_line h;

	if (queue_history_read(o->q, id, &text) == -1 && errno != ENOENT)
		ops_say(id, strerror(errno));
	rest = buf_span(&text);
	while (span_cut(&rest, '\n', &line))
		if (history_parse(line, &a, &h))
			put_line(&h, &a, j);
	arena_free(&a);
	buf_free(&text);
}

void
ops_why_json(struct ops *o, struct ops_entry *e,
    const struct plan_group *groups, size_t n)
{
	struct json j;

	json_init(&j, &o->out);
	json_open_object(&j, NULL);
	json_name(&j, SPAN("entry"));
	ops_json(e, &j);
	json_open_array(&j, "routes");
	for (size_t i = 0; i < n; i++)
		put_route(o, e, &groups[i], &j);
	json_close_array(&j);
	json_open_array(&j, "history");
	put_history(o, e->out.name.id, &j);
	json_close_array(&j);
	json_close_object(&j);
	buf_putc(&o->out, '\n');
}
