/* batch_judge: see batch_judge.h. */
#include "batch_judge.h"
#include "domains.h"
#include "log.h"
#include "queue_config.h"
#include "queue_table.h"
#include "relay.h"
#include "trace.h"
#include <errno.h>

static void
ask_received(struct session *s, struct batch *b)
{
	struct hook_arg arg = HOOK_MSG(&b->msg);
	struct answer a;

	if (!hook_defined(s->hooks, HOOK_received))
		return;
	session_set_message(s, &b->msg);
	s->batch = b;
	a = session_ask(s, HOOK_received, &arg, 1);
	s->batch = NULL;
	session_set_message(s, NULL);
	a.reply = transaction_keep(&s->tx, a.reply);
	if (!a.go_on) {
		b->reply = a.reply;
		return;
	}
	b->words = a.reply;
}

/* A recipient that nobody has admitted. */
static struct reply
admit(struct session *s, struct batch *b, const struct message_rcpt *r)
{
	struct relay_facts facts = {.script_may = r->relay};
	struct address address;
	struct reply refusal;
	struct log l;

	if (address_parse(r->address, &s->tx.arena, &address) != NULL)
		address = (struct address){.text = r->address,
		    .domain = s->controls.me};
	refusal = relay_ask(s, b->msg.sender, &address, false, &facts);
	if (refusal.code != 0 || relay_allowed(facts))
		return refusal;
	log_open_at(&l, LOG_WARNING, "relay");
	log_str(&l, "id", b->id);
	log_span(&l, "rcpt", r->address);
	log_str(&l, "text", "the script made this a recipient, and mail for "
	    "it is not relayed; {relay=true} would admit it");
	log_send(&l);
	return session_replyf(s, 550, "5.7.1", "We do not relay for <%.*s>",
	    SPAN_ARG(r->address));
}

/*
 * Asked again for what the script changed. Who was admitted at RCPT stays,
 * whatever the new sender.
 */
static void
decide_again(struct session *s, struct batch *b)
{
	const struct message *m = &b->msg;
	struct domain_config config;
	struct reply r = REPLY_NONE;

	if (!span_eq(m->sender, s->tx.sender) &&
	    domains_ask(s, domains_of(m->sender), DOMAIN_SENDER, &config,
		&r) == -1) {
		b->reply = transaction_keep(&s->tx, r);
		return;
	}
	for (size_t i = 0; i < m->nrcpts && r.code == 0; i++)
		if (m->rcpts[i].fresh)
			r = admit(s, b, &m->rcpts[i]);
	b->reply = transaction_keep(&s->tx, r);
}

/* --- hook.queue_config, or the tables --- */

static struct span
keep_config(struct session *s, const struct queue_config *c)
{
	struct buf text = {0};
	struct span kept;

	queue_config_format(c, &text);
	kept = arena_dup(&s->tx.arena, buf_span(&text));
	buf_free(&text);
	return kept;
}

static void
ask_script(struct session *s, struct batch *b, const struct queue_parts *parts)
{
	struct hook_arg args[4] = {HOOK_STRING(parts->domain),
	    HOOK_STRING(parts->tenant), HOOK_STRING(parts->campaign),
	    HOOK_STRING(parts->routing_domain)};
	struct queue_config c = {0};
	struct answer a = session_ask(s, HOOK_queue_config, args, 4);

	if (!a.go_on) {
		b->reply = transaction_keep(&s->tx, a.reply);
		return;
	}
	for (size_t i = 0; i < a.nfields; i++) {
		const struct hook_field *f = &a.fields[i];
		const char *why = f->type == FIELD_LIST ||
			f->type == FIELD_BOOLEAN ?
		    "is of the wrong type" :
		    queue_config_set(&c, f->name, f->text);

		if (why != NULL) {
			b->reply = session_wrong_field(s, HOOK_queue_config,
			    f, why);
			return;
		}
	}
	b->queue_config = keep_config(s, &c);
}

static void
look_up(struct session *s, struct batch *b, const struct queue_parts *parts)
{
	struct tables t = {&s->controls.queues, &s->queues_cdb, &s->tx.arena};
	struct queue_config c = {0};
	struct span text, bad;
	const char *why;
	int r = queue_table_find(&t, parts, &text);

	if (r == 0)
		return;
	if (r == 1 && (why = queue_config_parse(text, &s->tx.arena, &c,
			   &bad)) != NULL) {
		log_warn("queues", "%s: %.*s %s", s->queues_cdb.path,
		    SPAN_ARG(bad), why);
		errno = EINVAL;
		r = -1;
	}
	if (r == -1)
		b->reply = session_trouble(s, s->queues_cdb.path);
	else
		b->queue_config = keep_config(s, &c);
}

static void
configure_queue(struct session *s, struct batch *b)
{
	struct queue_parts parts;

	queue_name_parts(&b->env, &parts);
	if (hook_defined(s->hooks, HOOK_queue_config))
		ask_script(s, b, &parts);
	else
		look_up(s, b, &parts);
}

/* Is there anything left to be done with it? */
static bool
goes_on(const struct batch *b)
{
	return b->reply.code == 0 && b->fate != FATE_DISCARD &&
	    b->msg.nrcpts > 0;
}

void
judge_batch(struct session *s, struct batch *b)
{
	trace_add(s, b);
	ask_received(s, b);
	if (goes_on(b) || b->kept) {
		struct reply kept = b->reply;

		b->reply = REPLY_NONE;
		decide_again(s, b);
		if (b->reply.code == 0)
			b->reply = kept;
		else
			b->kept = false;
	}
	trace_correct(s, b);
	message_envelope(&b->msg, &b->env);
	if (goes_on(b))
		configure_queue(s, b);
}
