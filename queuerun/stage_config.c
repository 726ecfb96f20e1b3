/* stage_config: hook.queue_config before each attempt. What it says stands in
 * the place of what the entry was queued with. */
#include "log.h"
#include "queue_config.h"
#include "queue_name.h"
#include "stage.h"

/* NULL, or the name of what is wrong. */
static const char *
take(struct entry *e, const struct verdict *v, struct queue_config *c)
{
	for (size_t i = 0; i < v->nfields; i++) {
		const struct hook_field *f = &v->fields[i];

		if (f->type == FIELD_LIST || f->type == FIELD_BOOLEAN ||
		    queue_config_set(c, f->name,
			arena_dup(&e->out.arena, f->text)) != NULL)
			return arena_cstr(&e->out.arena, f->name);
	}
	return NULL;
}

enum stage_next
stage_queue_config(struct stage *s, struct entry *e)
{
	struct queue_parts parts;
	struct queue_config c = {0};
	struct stage_want w = {.kind = WANT_FAILED, .hook = "queue_config"};
	struct hook_arg args[4];
	struct verdict v;
	const char *wrong;

	if (!hook_defined(s->hooks, HOOK_queue_config))
		return STAGE_GO;
	queue_name_parts(&e->out.env, &parts);
	args[0] = HOOK_STRING(parts.domain);
	args[1] = HOOK_STRING(parts.tenant);
	args[2] = HOOK_STRING(parts.campaign);
	args[3] = HOOK_STRING(parts.routing_domain);
	stage_call_args(s, e, HOOK_queue_config, args, 4, &v);
	if (v.failed || v.kind != VERDICT_DEFAULT) {
		w.text = SPAN("it failed, see the log");
		return stage_failed(s, e, &w);
	}
	if ((wrong = take(e, &v, &c)) != NULL) {
		log_warn("hook-error", "hook.queue_config: %s has no such "
		    "value", wrong);
		w.text = SPAN("what it returned means nothing");
		return stage_failed(s, e, &w);
	}
	buf_reset(&s->text);
	queue_config_format(&c, &s->text);
	e->out.env.queue_config = arena_dup(&e->out.arena,
	    buf_span(&s->text));
	return STAGE_GO;
}
