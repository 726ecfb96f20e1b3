/* stage: see stage.h. This room loads the script, runs a stage, and reads
 * what it wants. */
#include "stage.h"
#include "clock.h"
#include "die.h"
#include "log.h"
#include "route.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_SCRIPT "/etc/smtpe/smtpe.lua"
#define AFTER_MAX (10.0 * 365 * 86400) /* s */

/* The worker's, for the signal handler. */
static struct stage *running;

/*
 * A hook is in C code that does not come back, and cannot be left: what it
 * was about waits, so that the next run does not meet it at once. In a signal
 * handler.
 */
static void
stuck(const char *line, size_t n)
{
	if (write(2, line, n) == -1) {
		/* Nobody reads the log. */
	}
	if (running->entry != NULL) {
		int fd = running->q->fd;

		mkdirat(fd, "due", 0700);
		mkdirat(fd, running->stuck_dir, 0700);
		renameat(fd, running->entry->out.path, fd, running->stuck_to);
	}
	_exit(EXIT_TEMP);
}

/* Nothing a script writes or reads is anybody's but the log's. */
static void
move_standard_fds(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null == -1 || dup2(null, 0) == -1 || dup2(2, 1) == -1)
		die_temp_errno("cannot set up the descriptors");
	if (null > 2)
		close(null);
}

void
stage_init(struct stage *s, struct queue *q, struct controls *c,
    struct retry retry, uint64_t *trouble)
{
	static struct hook_facts facts; /* nobody is connected */
	struct hook_config config = {
	    .path = c->script,
	    .memory = c->luamemory,
	    .timeout_ms = c->hooktimeout,
	    .facts = &facts,
	    .me = c->me,
	    .stuck = stuck,
	    .recover = true,
	    .controls = c,
	    .control_dir = c->dir,
	    .dnsservers = c->dnsservers.v,
	    .ndnsservers = c->dnsservers.n,
	    .dnstimeout_ms = c->dnstimeout,
	};
	struct buf err = {0}, path = {0};

	*s = (struct stage){.q = q, .controls = c, .retry = retry,
	    .trouble = trouble};
	running = s;
	/* Only a script that somebody named must be there. */
	if (config.path == NULL) {
		if (access(DEFAULT_SCRIPT, F_OK) == -1 && errno == ENOENT)
			return;
		config.path = DEFAULT_SCRIPT;
	}
	if (c->luapath.n > 0) {
		buf_put(&path, c->luapath);
		config.luapath = buf_cstr(&path);
	}
	move_standard_fds();
	s->hooks = hooks_load(&config, &err);
	if (s->hooks == NULL)
		die_temp("script: %s", buf_cstr(&err));
}

void
stage_free(struct stage *s)
{
	/* What its files still hold. */
	if (s->hooks != NULL)
		fflush(NULL);
	buf_free(&s->text);
	running = NULL;
}

void
stage_trouble(struct stage *s, struct entry *e, const char *what)
{
	int error = errno;
	struct log l;

	__atomic_add_fetch(s->trouble, 1, __ATOMIC_RELAXED);
	log_open_at(&l, LOG_ERR, "queue-trouble");
	log_str(&l, "name", e->out.path);
	log_str(&l, "what", what);
	log_str(&l, "text", strerror(error));
	log_send(&l);
}

void
stage_message(struct stage *s, struct entry *e, struct message *m)
{
	message_start(m, &e->out.arena, &e->out.env);
	m->attempts = e->out.name.attempts;
	m->fd = e->out.fd;
	m->size = e->out.size;
	m->queue = s->q;
	m->maxline = s->controls->maxline;
	m->maxsize = s->controls->databytes;
}

/* Where the entry goes if the hook never ends. */
static void
prepare_stuck(struct stage *s, struct entry *e)
{
	int64_t due = clock_wall() + (s->retry.first + 999) / 1000;

	s->entry = e;
	queue_due_name(due, e->out.name.attempts, e->out.name.id, s->stuck_to);
	snprintf(s->stuck_dir, sizeof s->stuck_dir, "%.*s",
	    (int)span_rchr(span_of(s->stuck_to), '/'), s->stuck_to);
}

void
stage_call_args(struct stage *s, struct entry *e, enum hook_id id,
    const struct hook_arg *args, size_t n, struct verdict *v)
{
	prepare_stuck(s, e);
	hook_run_with(s->hooks, id, args, n, v, &e->context);
	s->entry = NULL;
}

void
stage_call(struct stage *s, struct entry *e, enum hook_id id,
    struct message *m, const struct hook_arg *more, struct verdict *v)
{
	struct hook_arg args[2] = {HOOK_MSG(m)};

	if (more != NULL)
		args[1] = *more;
	stage_call_args(s, e, id, args, more != NULL ? 2 : 1, v);
}

void
stage_run(struct stage *s, struct entry *e, enum hook_id id,
    struct message *m, const struct hook_arg *more, struct stage_want *w)
{
	struct verdict v;

	stage_call(s, e, id, m, more, &v);
	stage_read(s, e, id, &v, w);
}

/* --- what it wants --- */

/* "5.7.1 text" of a reply that a script wrote, on one line. */
static void
read_reply(struct entry *e, const struct reply *r, struct stage_want *w)
{
	struct span text = arena_dup(&e->out.arena, r->text), word;
	char *p = (char *)(uintptr_t)text.p;

	for (size_t i = 0; i < text.n; i++)
		if (p[i] == '\n')
			p[i] = ' ';
	w->code = r->code;
	w->text = text;
	if (r->enhanced != NULL) {
		w->enhanced = arena_dup(&e->out.arena, span_of(r->enhanced));
		return;
	}
	word = span_head(text, span_chr(text, ' '));
	if (r->code != 0 && reply_enhanced_valid(word) &&
	    word.p[0] - '0' == r->code / 100) {
		w->enhanced = word;
		w->text = span_skip(text, word.n + 1);
	} else if (r->code != 0) {
		w->enhanced = span_of(reply_enhanced_default(r->code));
	}
}

static enum stage_kind
kind_of(const struct verdict *v)
{
	switch (v->kind) {
	case VERDICT_REPLY:
		return v->reply.code < 400 ? WANT_NOTHING :
		    v->reply.code < 500	   ? WANT_DEFER :
					     WANT_REJECT;
	case VERDICT_REJECT:
		return WANT_REJECT;
	case VERDICT_DEFER:
		return WANT_DEFER;
	case VERDICT_DISCARD:
		return WANT_DISCARD;
	case VERDICT_QUARANTINE:
		return WANT_QUARANTINE;
	case VERDICT_HOLD:
		return WANT_HOLD;
	default:
		return WANT_NOTHING;
	}
}

/* A route that the planner would not take is the script's error. */
static void
read_route(struct stage *s, struct entry *e, struct span route,
    struct stage_want *w)
{
	struct span scheme;

	if (!route_scheme(route, &scheme)) {
		log_warn("hook-error", "hook.%s: \"%.*s\" is not a route",
		    w->hook, SPAN_ARG(span_head(route, 200)));
		w->kind = WANT_FAILED;
		w->text = SPAN("what it returned is not a route");
		return;
	}
	(void)s;
	w->route = arena_dup(&e->out.arena, route);
}

static bool
option_valid(const struct hook_field *f)
{
	if (f->type == FIELD_LIST || span_eq(f->name, SPAN("first")) ||
	    span_eq(f->name, SPAN("whole")) ||
	    span_eq(f->name, SPAN("members")) || f->name.n > 64)
		return false;
	for (size_t i = 0; i < f->name.n; i++)
		if (!ascii_isalnum(f->name.p[i]) && f->name.p[i] != '_' &&
		    f->name.p[i] != '-' && f->name.p[i] != '.')
			return false;
	return true;
}

/* Seconds, as many as action.defer takes: any number is no time. */
static bool
read_after(struct entry *e, const struct hook_field *f, struct stage_want *w)
{
	double after;

	if (f->type != FIELD_NUMBER)
		return false;
	after = strtod(arena_cstr(&e->out.arena, f->text), NULL);
	if (!(after >= 0 && after <= AFTER_MAX))
		return false;
	w->after = (int64_t)after;
	return true;
}

/* {route=, helo=, ...} of an attempt, {queue=, route=, after=} of a
 * requeue. */
static void
read_fields(struct stage *s, struct entry *e, enum hook_id id,
    const struct verdict *v, struct stage_want *w)
{
	bool requeue = id == HOOK_postdelivery;
	struct arena *a = &e->out.arena;
	const char *wrong = NULL;

	buf_reset(&s->text);
	for (size_t i = 0; i < v->nfields && wrong == NULL; i++) {
		const struct hook_field *f = &v->fields[i];

		if (span_eq(f->name, SPAN("route")) &&
		    f->type == FIELD_STRING) {
			read_route(s, e, f->text, w);
		} else if (requeue && span_eq(f->name, SPAN("queue")) &&
		    f->type == FIELD_STRING) {
			w->queue = arena_dup(a, f->text);
		} else if (requeue && span_eq(f->name, SPAN("after")) &&
		    read_after(e, f, w)) {
			w->timed = true;
		} else if (requeue || !option_valid(f)) {
			wrong = arena_cstr(a, f->name);
		} else {
			buf_putc(&s->text, ' ');
			buf_put(&s->text, f->name);
			buf_putc(&s->text, '=');
			escape_put(&s->text, f->text);
		}
	}
	if (wrong == NULL && s->text.n > STAGE_OPTIONS_MAX)
		wrong = "the size of the table";
	if (wrong == NULL) {
		w->options = arena_dup(a, buf_span(&s->text));
		return;
	}
	log_warn("hook-error", "hook.%s: %s means nothing in what it returned",
	    w->hook, wrong);
	w->kind = WANT_FAILED;
	w->text = SPAN("what it returned means nothing");
}

void
stage_read(struct stage *s, struct entry *e, enum hook_id id,
    const struct verdict *v, struct stage_want *w)
{
	*w = (struct stage_want){.hook = hook_name(id), .text = SPAN("")};
	w->route = w->queue = w->meta_route = span_make(NULL, 0);
	if (v->failed) {
		w->kind = WANT_FAILED;
		w->text = SPAN("it failed, see the log");
		return;
	}
	w->kind = kind_of(v);
	w->timed = v->timed;
	w->uncounted = v->uncounted;
	w->after = v->after;
	read_reply(e, &v->reply, w);
	if (w->kind == WANT_QUARANTINE)
		w->place = arena_printf(&e->out.arena, "quarantine/%.*s",
		    SPAN_ARG(v->place)).p;
	if (w->kind == WANT_HOLD)
		w->place = "hold";
	if (v->table)
		read_fields(s, e, id, v, w);
	else if (v->list.p != NULL)
		read_route(s, e, v->list, w);
}
