/* plan_queue: what the administrator's tables say of an entry's queue, asked
 * again before each attempt; see plan.h. */
#include "log.h"
#include "plan.h"
#include "queue_config.h"
#include "queue_table.h"
#include <errno.h>

int
plan_queue(struct plan *p, struct envelope *env, struct arena *a)
{
	struct tables t = {&p->controls->queues, &p->queues, a};
	struct queue_config c = {0};
	struct queue_parts parts;
	struct span text, bad;
	struct buf words = {0};
	const char *why;
	int r;

	if (p->scripted || (r = tables_exist(&t)) == 0)
		return 0;
	if (r == 1) {
		queue_name_parts(env, &parts);
		r = queue_table_find(&t, &parts, &text);
	}
	if (r == 1 && (why = queue_config_parse(text, a, &c, &bad)) != NULL) {
		log_warn("queues", "%s: %.*s %s", p->queues.path,
		    SPAN_ARG(bad), why);
		errno = EINVAL;
		r = -1;
	}
	if (r == -1)
		p->unreadable = p->queues.path;
	if (r != 1)
		return r;
	queue_config_format(&c, &words);
	env->queue_config = arena_dup(a, buf_span(&words));
	buf_free(&words);
	return 0;
}
