/* cmd_rcpt: RCPT (RFC 5321 4.1.1.3) with NOTIFY and ORCPT (RFC 3461): whom the
 * message is for, and whether we take mail for them. */
#include "accept.h"
#include "command.h"
#include "dsn.h"
#include "parameter.h"
#include "relay.h"

#define ENVELOPE_MAX (16u << 20) /* octets of a transaction */

static struct reply
parse_notify(struct session *s, struct span value)
{
	unsigned notify;

	return parameter_checked(s, "NOTIFY",
	    dsn_parse_notify(value, &notify));
}

static struct reply
parse_orcpt(struct session *s, struct span value)
{
	struct span type, orcpt;

	return parameter_checked(s, "ORCPT", dsn_parse_orcpt(value,
	    s->tx.utf8, &s->scratch, &type, &orcpt));
}

static const struct parameter parameters[] = {
    {SPAN_LIT("NOTIFY"), SPAN_LIT("DSN"), parse_notify},
    {SPAN_LIT("ORCPT"), SPAN_LIT("DSN"), parse_orcpt},
    {{NULL, 0}, {NULL, 0}, NULL},
};

/* qmail: RELAYCLIENT's value is appended to each recipient. */
static const char *
append_suffix(struct session *s, struct address *rcpt)
{
	struct span text;

	if (s->relay_suffix.n == 0)
		return NULL;
	text = arena_printf(&s->scratch, "%.*s%.*s", SPAN_ARG(rcpt->text),
	    SPAN_ARG(s->relay_suffix));
	return address_parse(text, &s->scratch, rcpt);
}

/* "postmaster" without a domain, and our own address as a domain. */
static const char *
complete(struct session *s, struct address *rcpt)
{
	const struct controls *c = &s->controls;
	struct arena *a = &s->scratch;
	struct span domain, literal;

	if (rcpt->domain.n == 0)
		domain = c->me;
	else if (rcpt->literal && s->peer.local.family != 0)
		domain = c->localiphost;
	else
		return NULL;
	if (rcpt->domain.n != 0) {
		literal = arena_printf(a, "[%s%.*s]",
		    s->peer.local.family == AF_INET6 ? "ipv6:" : "",
		    SPAN_ARG(s->peer.local_ip_text));
		if (!span_ieq(rcpt->domain, literal))
			return NULL;
	}
	return address_parse(arena_printf(a, "%.*s@%.*s",
	    SPAN_ARG(rcpt->local), SPAN_ARG(domain)), a, rcpt);
}

/* Do we take mail for it? REPLY_NONE: yes. bare: "<Postmaster>", which is
 * always ours (RFC 5321 4.5.1). */
static struct reply
decide(struct session *s, const struct address *rcpt, bool bare)
{
	struct relay_facts facts = {0};
	struct reply r = relay_ask(s, s->tx.sender, rcpt, bare, &facts);
	int known;

	if (r.code != 0)
		return r;
	if (!relay_allowed(facts))
		return session_replyf(s, 550, "5.7.1",
		    "We do not relay for <%.*s>", SPAN_ARG(rcpt->text));
	if (!facts.recipient_ours)
		return REPLY_NONE;
	known = accept_recipient(s, rcpt);
	if (known == -1)
		return session_trouble(s, s->recipients.path);
	if (known == 0)
		return session_replyf(s, 550, "5.1.1",
		    "No such address: <%.*s>", SPAN_ARG(rcpt->text));
	return REPLY_NONE;
}

/*
 * RFC 5321 4.5.3.1.10: a client sends the rest with another message, and may
 * have sent all of it at once. That is one error, up to as many again; who was
 * sent away for it would never get its mail through.
 */
static struct reply
too_many(struct session *s)
{
	s->repeated = s->tx.excess > 0 &&
	    s->tx.excess <= s->controls.maxrecipients;
	s->tx.excess++;
	return REPLY(452, "4.5.3", "Too many recipients");
}

struct reply
cmd_rcpt_admit(struct session *s, struct span argument)
{
	struct transaction *tx = &s->tx;
	const char *why;
	struct reply r;
	bool bare;

	if (!span_istarts(argument, SPAN("TO:")))
		return REPLY(501, "5.5.4",
		    "Syntax: RCPT TO:<address> [parameters]");
	why = address_parse_path(span_skip(argument, 3),
	    ADDRESS_POSTMASTER_OK, &s->scratch, &tx->next, &tx->next_params);
	bare = why == NULL && tx->next.domain.n == 0;
	if (why == NULL)
		why = complete(s, &tx->next);
	if (why == NULL)
		why = append_suffix(s, &tx->next);
	if (why != NULL)
		return session_replyf(s, 501, "5.1.3", "Bad recipient: %s",
		    why);
	/* RFC 6531 3.5 */
	if (tx->next.utf8 && !tx->utf8)
		return REPLY(553, "5.6.7",
		    "UTF-8 in an address needs SMTPUTF8 with MAIL");
	r = parameter_parse(s, parameters, tx->next_params);
	if (r.code != 0)
		return r;
	/* "Any" has an end too: an envelope that nobody could read. */
	if ((s->controls.maxrecipients != 0 &&
	    tx->answered >= s->controls.maxrecipients) ||
	    tx->arena.used > ENVELOPE_MAX)
		return too_many(s);
	if ((r = decide(s, &tx->next, bare)).code != 0)
		return r;
	tx->next_discarded = false;
	s->args[0] = HOOK_STRING(tx->next.text);
	s->args[1] = HOOK_STRING(tx->next.domain);
	s->args[2] = HOOK_PARAMS(span_trim(tx->next_params));
	s->nargs = 3;
	return REPLY_NONE;
}

struct reply
cmd_rcpt_act(struct session *s, struct reply answer)
{
	struct transaction *tx = &s->tx;

	tx->answered++;
	if (!tx->next_discarded)
		transaction_add_recipient(tx, tx->next.text,
		    span_trim(tx->next_params));
	s->facts.recipients = tx->addresses;
	s->facts.nrecipients = tx->nrcpts;
	s->phase = PHASE_RCPT;
	return session_answer(answer, REPLY(250, "2.1.5", "Recipient ok"));
}
