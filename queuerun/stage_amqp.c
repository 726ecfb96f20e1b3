/* stage_amqp: hook.amqp before a job for agent-amqp, and the fields of the
 * job that carry its answer (agent-amqp(8)). */
#include "log.h"
#include "stage.h"

#define PROPERTIES 3 /* what is known here; the rest is the script's */

/* "amqp:exchange/key" */
static struct hook_arg
properties(struct entry *e, struct span route)
{
	struct hook_field *f = arena_zalloc(&e->out.arena,
	    PROPERTIES * sizeof *f);
	struct span rest = span_skip(route, sizeof "amqp:" - 1);
	size_t slash = span_chr(rest, '/'), n = 0;

	/* A bare "amqp:" has what the controls say, which may be templates. */
	if (rest.n > 0)
		f[n++] = (struct hook_field){.name = SPAN("exchange"),
		    .type = FIELD_STRING, .text = span_head(rest, slash)};
	if (slash < rest.n)
		f[n++] = (struct hook_field){.name = SPAN("key"),
		    .type = FIELD_STRING, .text = span_skip(rest, slash + 1)};
	f[n++] = (struct hook_field){.name = SPAN("headers"),
	    .type = FIELD_LIST, .text = SPAN("")};
	return HOOK_FIELDS(f, n);
}

static void
put_field(struct buf *out, const struct hook_field *f, bool header)
{
	static const char types[] = {[FIELD_STRING] = 's',
	    [FIELD_NUMBER] = 'n', [FIELD_BOOLEAN] = 'b'};
	struct span name = f->name;

	buf_puts(out, " amqp.");
	if (!header) {
		buf_put(out, name);
		buf_putc(out, '=');
		escape_put(out, f->text);
		return;
	}
	buf_puts(out, "header.");
	escape_put(out, span_skip(name, sizeof "headers." - 1));
	buf_putc(out, '=');
	buf_putc(out, types[f->type]);
	buf_putc(out, ':');
	if (f->type == FIELD_BOOLEAN)
		buf_puts(out, span_eq(f->text, SPAN("1")) ? "true" : "false");
	else
		escape_put(out, f->text);
}

static bool
is_property(struct span name)
{
	static const char *const names[] = {"exchange", "key", "type",
	    "priority", "expiration"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (span_eq(name, span_of(names[i])))
			return true;
	return false;
}

/* Given back as it was: the route's own, which is a template, while what a
 * script chooses is meant as it stands. */
static bool
is_unchanged(const struct hook_field *f, const struct hook_arg *given)
{
	for (size_t i = 0; i < (size_t)given->i; i++)
		if (given->fields[i].type == f->type &&
		    span_eq(given->fields[i].name, f->name) &&
		    span_eq(given->fields[i].text, f->text))
			return true;
	return false;
}

/* The changed properties into the job's fields: false for what means
 * nothing. */
static bool
take(struct stage *s, const struct verdict *v, const struct hook_arg *given)
{
	for (size_t i = 0; i < v->nfields; i++) {
		const struct hook_field *f = &v->fields[i];
		bool header = span_istarts(f->name, SPAN("headers.")) &&
		    span_chr(f->name, '=') == f->name.n;

		if ((f->type == FIELD_LIST && f->items == 0 &&
			span_eq(f->name, SPAN("headers"))) ||
		    is_unchanged(f, given))
			continue;
		if (f->type == FIELD_LIST || (!header && !is_property(f->name))) {
			log_warn("hook-error", "hook.amqp: %.*s means nothing "
			    "in what it returned", SPAN_ARG(f->name));
			return false;
		}
		put_field(&s->text, f, header);
	}
	return true;
}

bool
stage_amqp(struct stage *s, struct entry *e, struct plan_group *g)
{
	struct stage_want w;
	struct hook_arg more = properties(e, g->route);
	struct verdict v;
	struct message m;

	if (!hook_defined(s->hooks, HOOK_amqp))
		return true;
	stage_message(s, e, &m);
	m.fixed = ~0u;
	stage_call(s, e, HOOK_amqp, &m, &more, &v);
	message_end(&m);
	buf_reset(&s->text);
	buf_put(&s->text, g->options);
	if (v.failed || !take(s, &v, &more) || s->text.n > STAGE_OPTIONS_MAX) {
		w = (struct stage_want){.hook = "amqp", .code = 451,
		    .enhanced = SPAN("4.3.0"), .text = SPAN("hook.amqp failed")};
		stage_result_group(e, g, RESULT_LATER, &w, "amqp");
		return false;
	}
	g->options = arena_dup(&e->out.arena, buf_span(&s->text));
	return true;
}
