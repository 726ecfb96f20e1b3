/* ops_why: where an entry is, and everything that was tried (ops.h). */
#include "clock.h"
#include "die.h"
#include "dest_file.h"
#include "history.h"
#include "ops.h"
#include <errno.h>

static void
put_time(struct buf *out, int64_t seconds)
{
	char time[OPS_TIME];

	buf_puts(out, ops_time(seconds, time));
	buf_puts(out, "  ");
}

static void
put_attempt(struct buf *out, const struct history_line *h)
{
	buf_printf(out, "attempt %u, ", h->number);
	ops_put_safe(out, h->rcpt);
	buf_puts(out, ": ");
	ops_put_safe(out, h->outcome);
	buf_puts(out, " (");
	ops_put_safe(out, h->agent);
	if (h->peer.n > 0) {
		buf_puts(out, ", ");
		ops_put_safe(out, h->peer);
	}
	buf_printf(out, ")\n%21s%d ", "", h->code);
	ops_put_safe(out, h->enhanced);
	buf_putc(out, ' ');
	ops_put_safe(out, h->text);
	buf_putc(out, '\n');
}

/* "1800000300 1": the time as people read it. */
static void
put_due(struct buf *out, struct span rest)
{
	struct span t = rest, n;
	char time[OPS_TIME];
	int64_t seconds = 0;

	span_word(&rest, &t);
	span_word(&rest, &n);
	for (size_t i = 0; i < t.n && ascii_isdigit(t.p[i]); i++)
		seconds = seconds * 10 + (t.p[i] - '0');
	buf_printf(out, "due %s, %.*s attempts so far\n",
	    ops_time(seconds, time), SPAN_ARG(n));
}

/* Other lines as they stand there, without their escapes. */
static void
put_words(struct buf *out, const struct history_line *h, struct arena *a)
{
	struct span rest = h->rest, word, plain;

	ops_put_safe(out, h->word);
	while (span_word(&rest, &word)) {
		if (escape_undo(word, a, &plain) == -1)
			plain = word;
		buf_putc(out, ' ');
		ops_put_safe(out, plain);
	}
	buf_putc(out, '\n');
}

static void
put_history(struct ops *o, const char *id)
{
	struct buf text = {0};
	struct arena a = {0};
	struct span rest, line;
	struct history_line h;

	if (queue_history_read(o->q, id, &text) == -1 && errno != ENOENT)
		ops_say(id, strerror(errno));
	if (text.n == 0)
		buf_puts(&o->out, "It was not tried yet.\n");
	rest = buf_span(&text);
	while (span_cut(&rest, '\n', &line)) {
		if (!history_parse(line, &a, &h))
			continue;
		put_time(&o->out, h.time);
		if (span_eq(h.word, SPAN("attempt")))
			put_attempt(&o->out, &h);
		else if (span_eq(h.word, SPAN("due")))
			put_due(&o->out, h.rest);
		else
			put_words(&o->out, &h, &a);
	}
	arena_free(&a);
	buf_free(&text);
}

/* Where its open recipients would go now, which rule says so, and whether
 * their destination answers. */
static void
put_route(struct ops *o, struct ops_entry *e, struct plan_group *g)
{
	const struct envelope *env = &e->out.env;
	struct span route = {NULL, 0};
	char time[OPS_TIME];
	struct dest d = {0};

	if (plan_route(&o->plan, env, env->rcpts[g->rcpts[0]].address,
		&e->out.arena, &route) == -1)
		return;
	buf_puts(&o->out, "route       ");
	ops_put_safe(&o->out, route);
	buf_printf(&o->out, " (%s), %zu recipient%s\n", o->plan.rule,
	    g->nrcpts, g->nrcpts == 1 ? "" : "s");
	dest_key(env, g, &d.key);
	d.hash = dest_hash(buf_span(&d.key));
	dest_file_read(o->q, &d);
	if (d.count > 0) {
		buf_printf(&o->out, "%12sdoes not answer since %s UTC", "",
		    ops_time(d.since, time));
		buf_printf(&o->out, ", left alone until %s UTC: ",
		    ops_time(d.until, time));
		ops_put_safe(&o->out, buf_span(&d.text));
		buf_putc(&o->out, '\n');
	}
	buf_free(&d.key);
	buf_free(&d.text);
}

static void
put_text(struct ops *o, struct ops_entry *e, struct plan_group *groups,
    size_t n)
{
	ops_put_entry(&o->out, e);
	for (size_t i = 0; i < n; i++)
		put_route(o, e, &groups[i]);
	buf_puts(&o->out, "\nTimes are UTC.\n");
	put_history(o, e->out.name.id);
}

int
ops_why(struct ops *o, const char *const *args, size_t nargs)
{
	static struct ops_entry e;
	struct plan_group *groups = NULL;
	size_t n = 0;
	int status;

	if (nargs != 1)
		die_perm("why takes one id");
	if ((status = ops_find(o, args[0], &e)) != 0)
		return status;
	if (e.damage != NULL || plan_entry(&o->plan, &e.out.env,
		&e.out.arena, &groups, &n) == -1)
		n = 0;
	if (o->json)
		ops_why_json(o, &e, groups, n);
	else
		put_text(o, &e, groups, n);
	ops_close(&e);
	queue_out_free(&e.out);
	ops_flush(o);
	return 0;
}
