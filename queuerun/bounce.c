/* bounce: see bounce.h. Who is told of whom is bounce_who.c's. */
#include "bounce.h"
#include "bounce_original.h"
#include "bounce_who.h"
#include "die.h"
#include "envelope.h"
#include "log.h"
#include "num.h"
#include "utf8.h"
#include <errno.h>
#include <stdlib.h>

static const char *const kinds[] = {
    [REPORT_FAILED] = "failed",
    [REPORT_DOUBLE] = "double",
    [REPORT_DELAYED] = "delayed",
    [REPORT_DONE] = "done",
};

void
bounce_init(struct bounce *b, struct queue *q, const struct controls *c)
{
	*b = (struct bounce){.q = q, .controls = c};
}

void
bounce_free(struct bounce *b)
{
	free(b->in);
	buf_free(&b->buf);
}

/* local@domain; local may be a whole address, and no domain is me. */
static struct span
make_address(struct arena *a, struct span local, struct span domain,
    struct span me)
{
	if (span_chr(local, '@') < local.n)
		return local;
	if (domain.n == 0)
		domain = me;
	return arena_printf(a, "%.*s@%.*s", SPAN_ARG(local),
	    SPAN_ARG(domain));
}

/* Is there somebody to tell? Sets kind and address: NULL, or why not. */
static const char *
address_it(const struct bounce *b, struct entry *e, struct report *r)
{
	const struct controls *c = b->controls;
	unsigned level = who_bounce_level(&e->out.env);

	r->to = e->out.env.sender;
	if (r->to.n > 0)
		return NULL;
	if (level > 1)
		return "and so did the bounce of its bounce";
	if (c->doublebounceto.n == 0)
		return "it has no sender, and doublebounceto is empty";
	r->kind = REPORT_DOUBLE;
	r->to = make_address(&e->out.arena, c->doublebounceto,
	    c->doublebouncehost, c->me);
	return NULL;
}

const char *
bounce_nobody(const struct bounce *b, struct entry *e)
{
	struct report r = {.kind = REPORT_FAILED};

	return address_it(b, e, &r);
}

/* The same report has the same id. */
static void
name_it(struct entry *e, const struct report *r, const size_t *which,
    char id[ID_SIZE])
{
	struct buf words = {0};

	buf_puts(&words, kinds[r->kind]);
	for (size_t i = 0; i < r->nrcpts; i++) {
		buf_putc(&words, ' ');
		buf_putu(&words, which[i]);
	}
	id_derive(span_of(e->out.name.id), buf_span(&words), id);
	buf_free(&words);
}

static void
fill_in(const struct bounce *b, struct entry *e, struct report *r, int64_t now)
{
	const struct controls *c = b->controls;
	const struct envelope *env = &e->out.env;
	struct dsn_mail mail;

	dsn_mail_params(env->params, &e->out.arena, &mail);
	r->about = span_of(e->out.name.id);
	r->me = c->me;
	r->from = make_address(&e->out.arena, c->bouncefrom, c->bouncehost,
	    c->me);
	r->envid = mail.envid;
	r->now = now;
	r->arrived = env->received_us / 1000000;
	r->utf8 = who_is_utf8(env, r);
}

/* RFC 3461 6.2: RET is about failures; other reports bring the header. */
static uint64_t
most_returned(const struct bounce *b, struct entry *e, const struct report *r)
{
	struct dsn_mail mail;

	dsn_mail_params(e->out.env.params, &e->out.arena, &mail);
	if (r->kind == REPORT_DELAYED || r->kind == REPORT_DONE ||
	    (r->kind == REPORT_FAILED && mail.ret == DSN_RET_HDRS))
		return 0;
	return b->controls->bouncemax;
}

static int
commit(struct bounce *b, const struct report *r)
{
	/* A failure of this report is nobody's to be told of, here or
	 * elsewhere (RFC 3461 6.1). */
	struct envelope_rcpt rcpt = {RCPT_OPEN, r->to,
	    r->kind == REPORT_DOUBLE ? SPAN("") : SPAN("NOTIFY=NEVER"), 0};
	struct envelope_meta meta[] = {
	    {SPAN_LIT("bounce"), META_NUMBER,
		r->kind == REPORT_DOUBLE ? SPAN("2") : SPAN("1")},
	    {SPAN_LIT("bounce_of"), META_STRING, r->about},
	};
	struct envelope env = {.received_us = r->now * 1000000,
	    .meta = meta, .nmeta = 2, .rcpts = &rcpt, .nrcpts = 1};

	env.params = r->utf8 ? SPAN("BODY=8BITMIME SMTPUTF8") :
			       SPAN("BODY=8BITMIME");
	return queue_in_commit(b->in, &env, "new");
}

static int
write_report(struct bounce *b, struct entry *e, const struct report *r,
    struct original *o)
{
	memcpy(b->in->id, r->id, strlen(r->id) + 1);
	if (queue_in_open(b->in, b->q) == -1)
		return -1;
	buf_reset(&b->buf);
	report_begin(r, &b->buf);
	queue_in_write(b->in, buf_span(&b->buf));
	if (original_write(o, &e->out, b->in) == -1) {
		queue_in_abort(b->in);
		return -1;
	}
	buf_reset(&b->buf);
	report_end(r, &b->buf);
	queue_in_write(b->in, buf_span(&b->buf));
	return commit(b, r);
}

static void
log_report(const struct report *r, bool wanted)
{
	struct log l;

	log_open(&l, "bounce");
	log_span(&l, "id", r->about);
	if (wanted)
		log_str(&l, "bounce", r->id);
	else
		log_str(&l, "text", "discarded by hook.bounce");
	log_str(&l, "kind", kinds[r->kind]);
	log_span(&l, "to", r->to);
	log_num(&l, "rcpts", (int64_t)r->nrcpts);
	log_send(&l);
}

/* The report becomes an entry: 0, or -1 and errno. */
static int
send_report(struct bounce *b, struct entry *e, struct report *r, int64_t now)
{
	struct original o = {0};
	bool wanted = false;
	int result, error;

	if (b->in == NULL && (b->in = calloc(1, sizeof *b->in)) == NULL)
		die_temp("out of memory");
	b->in->fd = -1;
	fill_in(b, e, r, now);
	result = original_read(&o, &e->out, most_returned(b, e, r));
	if (result == 0) {
		r->whole = o.whole;
		r->eight = o.eight;
		r->reply_to_id = original_id(&o, &e->out.arena);
		report_words(r);
		wanted = bounce_ask(b, e, r);
		if (wanted)
			result = write_report(b, e, r, &o);
	}
	error = errno;
	if (result == 0)
		log_report(r, wanted);
	original_free(&o);
	report_free(r);
	errno = error;
	return result;
}

static bool
is_there(struct bounce *b, const char *id)
{
	struct queue_names names = {0};
	bool found = queue_find_directly(b->q, id, &names);

	queue_names_free(&names);
	return found;
}

enum bounce_told
bounce_failures(struct bounce *b, struct entry *e, int64_t now,
    char id[ID_SIZE], const char **why)
{
	struct report r = {.kind = REPORT_FAILED};
	bool again = false;
	size_t *which;

	id[0] = '\0';
	if ((*why = address_it(b, e, &r)) != NULL)
		return BOUNCE_NOBODY;
	which = who_failed(b->q, e, &r, now, &again);
	if (r.nrcpts == 0)
		return BOUNCE_TOLD;
	name_it(e, &r, which, id);
	r.id = id;
	/* Marked in an earlier run, which may have come this far. */
	if (again && is_there(b, id))
		return BOUNCE_TOLD;
	return send_report(b, e, &r, now) == -1 ? BOUNCE_TROUBLE : BOUNCE_TOLD;
}

static void
warn(const struct entry *e, const char *what)
{
	log_warn("queue-trouble", "%s: %s: %s", e->out.path, what,
	    strerror(errno));
}

void
bounce_successes(struct bounce *b, struct entry *e, int64_t now)
{
	struct report r = {.kind = REPORT_DONE, .to = e->out.env.sender};
	char id[ID_SIZE];
	size_t *which;

	if (r.to.n == 0)
		return;
	which = who_reached(e, &r, now);
	if (r.nrcpts == 0)
		return;
	name_it(e, &r, which, id);
	r.id = id;
	if (send_report(b, e, &r, now) == -1)
		warn(e, "report success");
}

void
bounce_delays(struct bounce *b, struct entry *e, int64_t now, int64_t until)
{
	struct report r = {.kind = REPORT_DELAYED, .until = until,
	    .to = e->out.env.sender};
	const struct controls *c = b->controls;
	char id[ID_SIZE];

	if (r.to.n == 0 || c->delaywarning == 0 ||
	    now - e->out.env.received_us / 1000000 < c->delaywarning / 1000)
		return;
	who_waits(e, &r, now, c->delaywarnall);
	if (r.nrcpts == 0 || who_was_warned(b->q, e))
		return;
	id_derive(span_of(e->out.name.id), SPAN("delayed"), id);
	r.id = id;
	/* Before it is sent: better none than one with each attempt. */
	buf_reset(&b->buf);
	history_put_report(&b->buf, now, "warning", id);
	queue_history(b->q, e->out.name.id, buf_span(&b->buf));
	if (send_report(b, e, &r, now) == -1)
		warn(e, "warn of a delay");
}
