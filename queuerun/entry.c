/* entry: see entry.h. */
#include "entry.h"
#include "die.h"
#include <stdlib.h>

struct entry *
entry_take(struct entries *all)
{
	struct entry *e = all->free;

	all->out++;
	if (e != NULL) {
		all->free = e->next;
		e->next = NULL;
		return e;
	}
	if ((e = calloc(1, sizeof *e)) == NULL)
		die_temp("out of memory");
	e->out.fd = e->out.mark_fd = -1;
	return e;
}

void
entry_give_back(struct entries *all, struct entry *e)
{
	queue_out_close(&e->out);
	arena_reset(&e->out.arena);
	e->results = NULL;
	e->open = 0;
	e->jobs = NULL;
	e->deferred = 0;
	e->route = e->options = span_make(NULL, 0);
	e->again = 0;
	e->keep = false;
	e->place = NULL;
	e->changed = NULL;
	e->next = all->free;
	all->free = e;
	all->out--;
}

void
entries_free(struct entries *all)
{
	while (all->free != NULL) {
		struct entry *e = all->free;

		all->free = e->next;
		queue_out_free(&e->out);
		free(e);
	}
}

void
entry_start(struct entry *e)
{
	e->results = arena_zalloc(&e->out.arena,
	    e->out.env.nrcpts * sizeof *e->results);
	e->open = 0;
}

void
entry_result(struct entry *e, size_t rcpt, enum result_kind kind, int code,
    const char *enhanced, struct span text, const char *agent)
{
	struct result *r = &e->results[rcpt];

	r->kind = kind;
	r->code = code;
	r->enhanced = span_of(enhanced);
	r->text = span_head(text, RESULT_TEXT_MAX);
	r->agent = agent;
}

void
entry_result_group(struct entry *e, const struct plan_group *g,
    enum result_kind kind, int code, const char *enhanced, struct span text,
    const char *agent)
{
	for (size_t i = 0; i < g->nrcpts; i++)
		if (e->results[g->rcpts[i]].kind == RESULT_NONE)
			entry_result(e, g->rcpts[i], kind, code, enhanced,
			    text, agent);
}

struct job *
entry_job(struct entry *e, struct plan_group *g)
{
	struct job *j = arena_zalloc(&e->out.arena, sizeof *j);

	j->entry = e;
	j->group = g;
	j->open = g->nrcpts;
	j->sibling = e->jobs;
	e->jobs = j;
	e->open++;
	return j;
}
