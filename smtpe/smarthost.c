/* smarthost: see smarthost.h. */
#include "smarthost.h"
#include "arrival.h"
#include "compose.h"
#include "dsn.h"
#include "escape.h"
#include "log.h"
#include "num.h"
#include "params.h"
#include "smtpclient.h"
#include <errno.h>

/* RFC 5321 4.5.3.2.6: our client waits ten minutes for its reply. */
#define PATIENCE_MS (9 * 60 * 1000)

static struct smtpclient client;
static bool is_open;

static int
next_piece(void *state, struct span *piece)
{
	return compose_next(state, piece);
}

static bool
has_octets(struct session *s)
{
	struct span body;

	return params_find(s->tx.params, SPAN("BODY"), &body) &&
	    span_ieq(body, SPAN("8BITMIME"));
}

/* Not every message that was declared to need SMTPUTF8 does (RFC 6531 3.6);
 * addresses speak for themselves. */
static bool
needs_utf8(struct session *s)
{
	return s->tx.utf8 && s->arrival != NULL &&
	    s->arrival->header.eight_bit;
}

/* RFC 3461 5.2.1: what was asked of us is asked of the next host, if it
 * understands that. */
static void
pass_dsn(struct session *s, const struct envelope *env,
    struct smtpclient_mail *mail)
{
	struct arena *a = &s->tx.arena;
	struct dsn_mail m;
	struct buf b = {0};
	struct span *words;

	if ((client.extensions & SMTPCLIENT_DSN) == 0)
		return;
	dsn_mail_params(env->params, a, &m);
	dsn_put_mail(&m, &b);
	mail->params = arena_dup(a, span_trim(buf_span(&b)));
	words = arena_zalloc(a, env->nrcpts * sizeof *words);
	for (size_t i = 0; i < env->nrcpts; i++) {
		struct dsn_rcpt r;

		buf_reset(&b);
		dsn_rcpt_params(env->rcpts[i].params, a, &r);
		dsn_put_rcpt(&r, mail->utf8, &b);
		words[i] = arena_dup(a, span_trim(buf_span(&b)));
	}
	mail->rcpt_params = words;
	buf_free(&b);
}

static const char *
ca_table(struct controls *c)
{
	return c->tlsca != NULL ? c->tlsca : control_path(c, TLS_CA_FILE);
}

bool
smarthost_check(struct session *s, struct buf *err)
{
	struct controls *c = &s->controls;
	struct cdbmap table = {.path = ca_table(c)};
	enum secure level;
	int r;

	if (c->smarthost.n == 0 || secure_parse(c->smarthosttls, &level) ==
	    -1 || level != SECURE_VERIFY)
		return true;
	if ((r = cdbmap_open(&table)) != 1)
		buf_printf(err, "smarthosttls: %s: %s\n", table.path,
		    strerror(r == 0 ? ENOENT : errno));
	cdbmap_close(&table);
	return r == 1;
}

/* Connected, or the connection of the message before is still good. */
static int
make_connection(struct session *s)
{
	const struct controls *c = &s->controls;
	struct smtpclient_config config = {
	    .helo = c->me,
	    .dnsservers = c->dnsservers.v,
	    .ndnsservers = c->dnsservers.n,
	    .deadline = clock_deadline(PATIENCE_MS),
	    .connect_ms = c->timeoutconnect,
	    .reply_ms = c->timeoutremote,
	    .dot_ms = c->timeoutremote,
	};

	/* What it has to say now is that it is tired of waiting: 421, or the
	 * end. That is no answer to the next message. */
	if (is_open && smtpclient_usable(&client) &&
	    !io_readable(&client.io)) {
		client.config.deadline = config.deadline;
		return 0;
	}
	(void)secure_parse(c->smarthosttls, &config.tls);
	if (config.tls == SECURE_VERIFY)
		config.ca = ca_table(&s->controls);
	if (is_open) {
		smtpclient_close(&client);
		smtpclient_free(&client);
	}
	smtpclient_init(&client, &config);
	is_open = true;
	return smtpclient_open(&client, c->smarthost.v, c->smarthost.n);
}

static void
log_result(struct span id, struct span rcpt,
    const struct smtpclient_result *r)
{
	struct log l;

	log_open(&l, "smarthost");
	log_span(&l, "id", id);
	log_span(&l, "rcpt", rcpt);
	log_str(&l, "outcome", smtpclient_outcome_name(r->outcome));
	log_str(&l, "stage", smtpclient_stage_name(r->stage));
	log_num(&l, "code", r->reply.code);
	log_span(&l, "text", r->reply.text);
	log_send(&l);
}

/* What it said is in the history of an entry that is left, as an attempt of
 * queuerun's would be (smtpe-queue(5)): a bounce tells it. */
static struct span
keep_answers(struct session *s, const struct envelope *env,
    const struct smtpclient_result *r)
{
	struct buf b = {0};
	struct span kept;

	for (size_t i = 0; i < env->nrcpts; i++) {
		const struct reply *a = &r[i].reply;
		const char *enhanced = a->enhanced != NULL ? a->enhanced :
		    reply_enhanced_default(a->code);

		if (a->code == 0)
			continue;
		buf_putu(&b, (uint64_t)clock_wall());
		buf_puts(&b, " attempt 1 ");
		escape_put(&b, env->rcpts[i].address);
		buf_printf(&b, " smtp %s %d %s ",
		    r[i].outcome == SMTPCLIENT_OK ? "ok" :
		    r[i].outcome == SMTPCLIENT_PERMANENT ? "fail" : "later",
		    a->code, enhanced);
		if (a->text.n == 0)
			buf_putc(&b, '-');
		escape_put(&b, span_head(a->text,
		    span_chr(a->text, '\n')));
		buf_putc(&b, '\n');
	}
	kept = arena_dup(&s->tx.arena, buf_span(&b));
	buf_free(&b);
	return kept;
}

/* An entry that is left goes to the same place, by queuerun. */
static void
add_route(struct session *s, struct envelope *env)
{
	struct arena *a = &s->tx.arena;
	struct envelope_meta *m =
	    arena_zalloc(a, (env->nmeta + 1) * sizeof *m);

	if (env->nmeta > 0)
		memcpy(m, env->meta, env->nmeta * sizeof *m);
	m[env->nmeta].key = SPAN("route");
	m[env->nmeta].type = META_STRING;
	m[env->nmeta].value = arena_printf(a, "smtp:%.*s",
	    SPAN_ARG(s->controls.smarthost.v[0]));
	env->meta = m;
	env->nmeta++;
}

/* When what is left is tried again: retry's first interval. */
static int64_t
next_time(struct session *s)
{
	struct span rest = s->controls.retry, first;
	int64_t ms = 0;

	span_word(&rest, &first);
	if (num_parse_time(first, &ms) == -1)
		ms = 300 * 1000;
	return clock_wall() + ms / 1000;
}

static bool
is_answer(const struct smtpclient_result *r)
{
	return r->outcome == SMTPCLIENT_OK ||
	    r->outcome == SMTPCLIENT_TEMPORARY ||
	    r->outcome == SMTPCLIENT_PERMANENT;
}

/* It gave no answer, for some reason. */
static enum smarthost_end
no_answer(struct session *s, struct envelope *env, struct reply *refusal,
    int64_t *due)
{
	if (span_eq(s->controls.smarthostfallback, SPAN("defer"))) {
		*refusal = REPLY(451, "4.4.1",
		    "The next host does not answer, try again later");
		return SMARTHOST_REFUSED;
	}
	add_route(s, env);
	*due = next_time(s);
	return SMARTHOST_QUEUE;
}

/* Nobody was taken: a 4xx for one is a 4xx for all, so that none is lost. */
static struct reply
choose_refusal(struct session *s, const struct smtpclient_result *r, size_t n)
{
	size_t best = 0;
	struct reply reply;

	for (size_t i = 0; i < n; i++)
		if (r[i].outcome == SMTPCLIENT_TEMPORARY)
			best = i;
	reply = r[best].reply;
	/* Its 421 is about its own connection, not about ours. */
	if (reply.code == 421)
		return REPLY(451, "4.4.1",
		    "The next host is not ready, try again later");
	reply.text = arena_dup(&s->tx.arena, session_ascii(s, reply.text));
	if (reply.enhanced != NULL)
		reply.enhanced = arena_cstr(&s->tx.arena,
		    span_of(reply.enhanced));
	return reply;
}

static enum smarthost_end
sort_out(struct session *s, struct envelope *env, struct reply *refusal,
    const struct smtpclient_result *r, int64_t *due)
{
	size_t taken = 0, refused = 0;

	for (size_t i = 0; i < env->nrcpts; i++) {
		log_result(env->id, env->rcpts[i].address, &r[i]);
		if (r[i].outcome == SMTPCLIENT_OK) {
			env->rcpts[i].state = RCPT_DELIVERED;
			taken++;
		} else if (r[i].outcome == SMTPCLIENT_PERMANENT) {
			env->rcpts[i].state = RCPT_FAILED;
			refused++;
		} else if (is_answer(&r[i])) {
			refused++;
		}
	}
	if (taken == env->nrcpts)
		return SMARTHOST_DONE;
	if (refused == env->nrcpts) {
		*refusal = choose_refusal(s, r, env->nrcpts);
		return SMARTHOST_REFUSED;
	}
	if (taken == 0)
		return no_answer(s, env, refusal, due);
	add_route(s, env);
	*due = next_time(s);
	return SMARTHOST_QUEUE;
}

/* RFC 3461 5.2.2 (b): who wants to hear of success and will not from the next
 * host hears it from us; that is queuerun's work. */
static bool
must_report(struct session *s, const struct envelope *env)
{
	if ((client.extensions & SMTPCLIENT_DSN) != 0)
		return false;
	for (size_t i = 0; i < env->nrcpts; i++) {
		struct dsn_rcpt r;

		dsn_rcpt_params(env->rcpts[i].params, &s->tx.arena, &r);
		if ((r.notify & DSN_SUCCESS) != 0)
			return true;
	}
	return false;
}

static const struct span *
addresses(struct session *s, const struct envelope *env)
{
	struct span *a = arena_alloc(&s->tx.arena, env->nrcpts * sizeof *a);

	for (size_t i = 0; i < env->nrcpts; i++)
		a[i] = env->rcpts[i].address;
	return a;
}

int64_t
smarthost_keep(struct session *s, struct envelope *env)
{
	add_route(s, env);
	return next_time(s);
}

enum smarthost_end
smarthost_pass(struct session *s, const struct message *m,
    struct envelope *env, struct reply *refusal, int64_t *due,
    struct span *history)
{
	struct smtpclient_result *results = arena_zalloc(&s->tx.arena,
	    env->nrcpts * sizeof *results);
	struct compose compose = {0};
	struct smtpclient_mail mail = {
	    .sender = env->sender,
	    .recipients = addresses(s, env),
	    .nrecipients = env->nrcpts,
	    .params = {NULL, 0},
	    .eight_bit = has_octets(s),
	    .utf8 = needs_utf8(s),
	    .next = next_piece,
	    .state = &compose,
	};
	enum smarthost_end end;

	if (queue_in_flush(&s->in) == -1) {
		*refusal = session_trouble(s, "write");
		return SMARTHOST_REFUSED;
	}
	if (make_connection(s) == -1) {
		log_result(env->id, span_of(NULL), smtpclient_why(&client));
		return no_answer(s, env, refusal, due);
	}
	if (must_report(s, env)) {
		add_route(s, env);
		*due = 0;
		return SMARTHOST_QUEUE;
	}
	compose_start(&compose, m->fd, message_size(m),
	    m->replaced ? buf_span(&m->data).p : NULL, env);
	mail.size = compose_size(&compose);
	pass_dsn(s, env, &mail);
	smtpclient_send(&client, &mail, results);
	*history = keep_answers(s, env, results);
	end = sort_out(s, env, refusal, results, due);
	compose_end(&compose);
	compose_free(&compose);
	return end;
}

void
smarthost_close(struct session *s)
{
	(void)s;
	if (!is_open)
		return;
	client.config.deadline = clock_deadline(2000);
	smtpclient_close(&client);
	is_open = false;
}
