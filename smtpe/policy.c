/*
 * policy: what the script's verdicts mean for a session (session.h). The
 * engine has already checked that a verdict means something at its stage.
 */
#include "batch.h"
#include "log.h"

/* The hooks that action.trust, discard and quarantine make skip. */
static bool
is_policy(enum hook_id hook)
{
	switch (hook) {
	case HOOK_helo:
	case HOOK_ehlo:
	case HOOK_mail:
	case HOOK_rcpt:
	case HOOK_data:
	case HOOK_content:
	case HOOK_header:
	case HOOK_eoh:
	case HOOK_body:
	case HOOK_dot:
	case HOOK_received:
		return true;
	default:
		return false;
	}
}

static bool
is_for_connection(enum hook_id hook)
{
	return hook == HOOK_accept || hook == HOOK_helo || hook == HOOK_ehlo;
}

static void
note_discard(struct session *s, enum hook_id hook)
{
	if (hook == HOOK_rcpt)
		s->tx.next_discarded = true;
	else if (hook == HOOK_received)
		s->batch->fate = FATE_DISCARD;
	else
		transaction_discard(&s->tx);
}

static struct answer
interpret(struct session *s, enum hook_id hook, const struct verdict *v)
{
	struct answer a = {true, v->kind, v->failed, v->reply, v->list,
	    v->fields, v->nfields, v->table};

	switch (v->kind) {
	case VERDICT_DEFAULT:
	case VERDICT_ACCEPT:
		break;
	case VERDICT_TRUST:
		if (is_for_connection(hook)) {
			s->trusted = true;
			s->trusted_at_accept |= hook == HOOK_accept;
		}
		else
			s->tx.trusted = true;
		break;
	case VERDICT_REPLY:
		/* Any other reply to DATA, even a positive one, tells the
		 * client not to send the message; the same with STARTTLS. */
		a.go_on = hook == HOOK_data ? v->reply.code == 354 :
		    hook == HOOK_starttls ? v->reply.code == 220 :
					    reply_positive(v->reply);
		break;
	case VERDICT_INFO:
	case VERDICT_REJECT:
	case VERDICT_DEFER:
	case VERDICT_DISCONNECT:
	case VERDICT_HOLD:
		a.go_on = false;
		break;
	case VERDICT_DISCARD:
		note_discard(s, hook);
		break;
	case VERDICT_QUARANTINE:
		/* A refusal is for the dot: until then there is nothing to
		 * keep a copy of. */
		if (hook == HOOK_received)
			batch_quarantine(s, s->batch, v->place, v->reply);
		else
			transaction_quarantine(&s->tx, v->place, v->reply);
		a.reply = REPLY_NONE;
		break;
	}
	a.reply.drop |= v->drop || v->kind == VERDICT_DISCONNECT;
	return a;
}

struct answer
session_ask(struct session *s, enum hook_id hook, const struct hook_arg *args,
    size_t nargs)
{
	struct verdict v;

	if (!hook_defined(s->hooks, hook) ||
	    (is_policy(hook) && (s->trusted || s->tx.trusted)))
		return ANSWER_NONE;
	hook_run(s->hooks, hook, args, nargs, &v);
	return interpret(s, hook, &v);
}

struct answer
session_ask_lines(struct session *s, enum hook_id hook, struct span block)
{
	struct verdict v;

	hook_run_lines(s->hooks, hook, block, &v);
	return interpret(s, hook, &v);
}

struct reply
session_wrong_field(struct session *s, enum hook_id hook,
    const struct hook_field *f, const char *why)
{
	struct log l;

	log_open_at(&l, LOG_ERR, "hook-error");
	log_str(&l, "hook", hook_name(hook));
	log_span(&l, "id", s->facts.in_transaction ?
	    s->facts.id_transaction : s->facts.id_session);
	log_span(&l, "field", f->name);
	log_printf(&l, "text", "hook.%s: %.*s: %.*s %s", hook_name(hook),
	    SPAN_ARG(f->name), SPAN_ARG(span_head(f->text, 200)), why);
	log_send(&l);
	return REPLY(451, "4.3.0", "Temporary failure, try again later");
}

struct reply
session_answer(struct reply answer, struct reply usual)
{
	if (answer.code == 0) {
		if (answer.text.n > 0) {
			usual.text = answer.text;
			if (answer.enhanced != NULL)
				usual.enhanced = answer.enhanced;
		}
		usual.drop |= answer.drop;
		return usual;
	}
	return answer;
}
