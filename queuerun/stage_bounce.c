/* stage_bounce: hook.bounce, before a report goes out (stage.h). */
#include "log.h"
#include "stage.h"

#define REPORT_FIELDS 3

static size_t
count_lines(struct span s)
{
	size_t n = s.n > 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '\n';
	return n;
}

static void
take(struct entry *e, const struct verdict *v, struct stage_report *report)
{
	struct arena *a = &e->out.arena;
	struct stage_report r = *report;

	for (size_t i = 0; i < v->nfields; i++) {
		const struct hook_field *f = &v->fields[i];

		if (f->type == FIELD_STRING &&
		    span_eq(f->name, SPAN("subject")) &&
		    span_chr(f->text, '\n') == f->text.n) {
			r.subject = arena_dup(a, f->text);
		} else if (f->type == FIELD_STRING &&
		    span_eq(f->name, SPAN("text"))) {
			r.text = arena_dup(a, f->text);
		} else if (f->type == FIELD_LIST &&
		    span_eq(f->name, SPAN("headers"))) {
			r.headers = arena_dup(a, f->text);
		} else {
			log_warn("hook-error", "hook.bounce: %.*s means "
			    "nothing in what it returned", SPAN_ARG(f->name));
			return;
		}
	}
	*report = r;
}

bool
stage_bounce(struct stage *s, struct entry *e, struct span recipients,
    struct stage_report *report)
{
	struct hook_field f[REPORT_FIELDS] = {
	    {.name = SPAN("subject"), .type = FIELD_STRING,
		.text = report->subject},
	    {.name = SPAN("text"), .type = FIELD_STRING,
		.text = report->text},
	    {.name = SPAN("headers"), .type = FIELD_LIST,
		.text = report->headers,
		.items = count_lines(report->headers)}};
	struct hook_arg args[3];
	struct message m;
	struct verdict v;

	if (s == NULL || !hook_defined(s->hooks, HOOK_bounce))
		return true;
	stage_message(s, e, &m);
	m.fixed = ~0u;
	args[0] = HOOK_MSG(&m);
	args[1] = HOOK_LIST(recipients);
	args[2] = HOOK_FIELDS(f, REPORT_FIELDS);
	stage_call_args(s, e, HOOK_bounce, args, 3, &v);
	message_end(&m);
	if (v.failed)
		return true;
	if (v.table)
		take(e, &v, report);
	return v.kind != VERDICT_DISCARD;
}
