/*
 * cmd_mail: MAIL (RFC 5321 4.1.1.2) with SIZE (RFC 1870), BODY (RFC 6152),
 * SMTPUTF8 (RFC 6531), RET and ENVID (RFC 3461).
 */
#include "accept.h"
#include "command.h"
#include "dsn.h"
#include "load.h"
#include "num.h"
#include "parameter.h"
#include "sender.h"
#include "shed.h"

static struct reply
parse_size(struct session *s, struct span value)
{
	if (value.n > 20 || num_parse_u64(value, &s->tx.next_size) == -1)
		return session_replyf(s, 501, "5.5.4", "Bad SIZE: %.*s",
		    SPAN_ARG(span_head(value, 64)));
	return REPLY_NONE;
}

static struct reply
parse_body(struct session *s, struct span value)
{
	if (!span_ieq(value, SPAN("7BIT")) && !span_ieq(value, SPAN("8BITMIME")))
		return session_replyf(s, 501, "5.5.4", "Bad BODY: %.*s",
		    SPAN_ARG(span_head(value, 64)));
	return REPLY_NONE;
}

static struct reply
parse_smtputf8(struct session *s, struct span value)
{
	if (value.n > 0)
		return REPLY(501, "5.5.4", "SMTPUTF8 has no value");
	s->tx.next_utf8 = true;
	return REPLY_NONE;
}

static struct reply
parse_ret(struct session *s, struct span value)
{
	enum dsn_ret ret;

	return parameter_checked(s, "RET", dsn_parse_ret(value, &ret));
}

static struct reply
parse_envid(struct session *s, struct span value)
{
	struct span envid;

	return parameter_checked(s, "ENVID",
	    dsn_parse_envid(value, &s->scratch, &envid));
}

/* draft-hall-prdr: a reply for each recipient. */
static struct reply
parse_prdr(struct session *s, struct span value)
{
	if (value.n > 0)
		return REPLY(501, "5.5.4", "PRDR takes no value");
	s->tx.next_prdr = true;
	return REPLY_NONE;
}

static const struct parameter parameters[] = {
    {SPAN_LIT("SIZE"), SPAN_LIT("SIZE"), parse_size},
    {SPAN_LIT("BODY"), SPAN_LIT("8BITMIME"), parse_body},
    {SPAN_LIT("SMTPUTF8"), SPAN_LIT("SMTPUTF8"), parse_smtputf8},
    {SPAN_LIT("RET"), SPAN_LIT("DSN"), parse_ret},
    {SPAN_LIT("ENVID"), SPAN_LIT("DSN"), parse_envid},
    {SPAN_LIT("AUTH"), SPAN_LIT("AUTH"), sender_parse_auth},
    {SPAN_LIT("PRDR"), SPAN_LIT("PRDR"), parse_prdr},
    {{NULL, 0}, {NULL, 0}, NULL},
};

/* RFC 1870 6.1: what will be refused for its size is refused now. */
static bool
has_room(const struct session *s)
{
	uint64_t octets, files;

	return s->tx.next_size == 0 || s->dry_run ||
	    load_room(s->controls.queuedir, &octets, &files) == -1 ||
	    s->tx.next_size <= octets;
}

static struct reply
check_limits(struct session *s)
{
	const struct controls *c = &s->controls;

	if (c->databytes != 0 && s->tx.next_size > c->databytes)
		return session_replyf(s, 552, "5.3.4",
		    "Message too big, at most %llu octets",
		    (unsigned long long)c->databytes);
	if (c->maxmessages != 0 && s->messages >= c->maxmessages)
		return REPLY(421, "4.7.0",
		    "Too many messages in this connection");
	if (!has_room(s))
		return REPLY(452, "4.3.1", "No room for it, try again later");
	return REPLY_NONE;
}

struct reply
cmd_mail_admit(struct session *s, struct span argument)
{
	struct transaction *tx = &s->tx;
	const char *why;
	struct reply r = sender_admit(s);

	if (r.code != 0)
		return r;
	if (!span_istarts(argument, SPAN("FROM:")))
		return REPLY(501, "5.5.4",
		    "Syntax: MAIL FROM:<address> [parameters]");
	why = address_parse_path(span_skip(argument, 5), ADDRESS_NULL_OK,
	    &s->scratch, &tx->next, &tx->next_params);
	if (why != NULL)
		return session_replyf(s, 501, "5.1.7", "Bad sender: %s", why);
	tx->next_size = 0;
	tx->next_utf8 = tx->next_prdr = false;
	r = parameter_parse(s, parameters, tx->next_params);
	/* RFC 6531 3.5 */
	if (r.code == 0 && tx->next.utf8 && !tx->next_utf8)
		r = REPLY(550, "5.6.7", "UTF-8 in an address needs SMTPUTF8");
	if (r.code == 0)
		r = check_limits(s);
	if (r.code == 0)
		r = shed_message(s);
	if (r.code == 0 && accept_is_bad_sender(s, &tx->next))
		r = REPLY(553, "5.7.1", "Mail from this sender is not taken");
	if (r.code == 0)
		r = sender_check(s, &tx->next);
	if (r.code != 0)
		return r;
	s->args[0] = HOOK_STRING(tx->next.text);
	s->args[1] = HOOK_PARAMS(span_trim(tx->next_params));
	s->nargs = 2;
	/* Seed 004: id_trans and msg_file are there from hook.mail on. */
	s->facts.in_transaction = true;
	if (s->facts.msg_file.p == NULL)
		s->facts.msg_file = arena_printf(&tx->arena, "%s/tmp/%s",
		    s->controls.queuedir, tx->id);
	return REPLY_NONE;
}

struct reply
cmd_mail_act(struct session *s, struct reply answer)
{
	struct transaction *tx = &s->tx;

	tx->sender = arena_dup(&tx->arena, tx->next.text);
	tx->params = sender_params(s, tx->next_params, &tx->arena);
	tx->prdr = tx->next_prdr;
	s->facts.sender = tx->sender;
	s->facts.params = tx->params;
	tx->utf8 = tx->next_utf8;
	s->phase = PHASE_MAIL;
	return session_answer(answer, REPLY(250, "2.1.0", "Sender ok"));
}
