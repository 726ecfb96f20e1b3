/* cmd_helo: HELO and EHLO (RFC 5321 4.1.1.1). */
#include "auth.h"
#include "command.h"
#include "starttls.h"

/* RFC 2033 4.1: LHLO, and neither HELO nor EHLO, in LMTP. */
static struct reply
admit_verb(const struct session *s, bool lmtp)
{
	if (s->controls.lmtp == lmtp)
		return REPLY_NONE;
	return lmtp ? REPLY(500, "5.5.1", "This is SMTP, say EHLO") :
		      REPLY(500, "5.5.1", "This is LMTP, say LHLO");
}

/*
 * The argument is taken as it is: RFC 5321 4.1.4 forbids to refuse mail
 * because a name does not verify, and policy is the script's.
 */
static struct reply
admit_name(struct session *s, struct span argument)
{
	s->args[0] = HOOK_STRING(argument);
	s->nargs = 1;
	return REPLY_NONE;
}

/* The client is somebody now; a transaction that was open is not. */
static void
greeted(struct session *s, bool esmtp)
{
	buf_reset(&s->helo_store);
	buf_put(&s->helo_store, s->args[0].s);
	s->helo = buf_span(&s->helo_store);
	s->esmtp = esmtp;
	session_set_facts(s);
	s->phase = PHASE_GREETED;
	s->reset_after = true;
}

struct reply
cmd_helo_admit(struct session *s, struct span argument)
{
	struct reply r = admit_verb(s, false);

	return r.code != 0 ? r : admit_name(s, argument);
}

struct reply
cmd_helo_act(struct session *s, struct reply answer)
{
	greeted(s, false);
	return session_answer(answer, session_replyf(s, 250, NULL, "%.*s",
	    SPAN_ARG(s->controls.me)));
}

bool
cmd_ehlo_offers(const struct session *s, struct span keyword)
{
	const struct control_list *hidden = &s->controls.hideextensions;

	if (span_eq(keyword, SPAN("PIPELINING")) && !s->controls.pipelining)
		return false;
	/* LMTP has a reply for each without it. */
	if (span_eq(keyword, SPAN("PRDR")) && s->controls.lmtp)
		return false;
	if (hidden->n == 0)
		return true;
	/* RFC 6531 3.1: one is not without the other. */
	if (span_eq(keyword, SPAN("SMTPUTF8")) &&
	    control_list_has(hidden, SPAN("8BITMIME")))
		return false;
	return !control_list_has(hidden, keyword);
}

/* A line for the keyword, unless it is hidden; it may go on. */
static bool
offer(const struct session *s, struct buf *b, const char *keyword)
{
	if (!cmd_ehlo_offers(s, span_of(keyword)))
		return false;
	if (b->n > 0)
		buf_putc(b, '\n');
	buf_puts(b, keyword);
	return true;
}

static void
offer_auth(struct session *s, struct buf *b)
{
	struct buf names = {0};

	auth_put_offer(s, &names);
	if (names.n > 0 && offer(s, b, "AUTH"))
		buf_put(b, buf_span(&names));
	buf_free(&names);
}

/* printf's price would be every session's. */
static void
put_limit(struct buf *b, const char *name, uint64_t n)
{
	buf_puts(b, name);
	buf_putu(b, n);
}

/* RFC 9422 4: a value has up to six digits, and 0 is none. */
static bool
is_limit(uint64_t n)
{
	return n > 0 && n <= 999999;
}

static void
offer_limits(const struct session *s, struct buf *b)
{
	const struct controls *c = &s->controls;

	if ((!is_limit(c->maxmessages) && !is_limit(c->maxrecipients)) ||
	    !offer(s, b, "LIMITS"))
		return;
	if (is_limit(c->maxmessages))
		put_limit(b, " MAILMAX=", c->maxmessages);
	if (is_limit(c->maxrecipients))
		put_limit(b, " RCPTMAX=", c->maxrecipients);
}

/* What is offered, one a line: the script may change the list. */
static struct span
extensions(struct session *s)
{
	const struct controls *c = &s->controls;
	struct buf b = {0};
	struct span list;

	offer(s, &b, "PIPELINING");
	if (offer(s, &b, "SIZE") && c->databytes != 0)
		put_limit(&b, " ", c->databytes);
	if (starttls_configured(s) && !session_encrypted(s) &&
	    starttls_usable(s))
		offer(s, &b, "STARTTLS");
	if (auth_configured(s) && auth_allowed(s) && s->auth_user.p == NULL)
		offer_auth(s, &b);
	if (s->xclient && offer(s, &b, "XCLIENT"))
		buf_puts(&b, " NAME ADDR PORT PROTO HELO LOGIN "
		    "DESTADDR DESTPORT");
	offer(s, &b, "8BITMIME");
	offer(s, &b, "CHUNKING");
	offer(s, &b, "DSN");
	offer(s, &b, "PRDR");
	offer(s, &b, "ENHANCEDSTATUSCODES");
	offer_limits(s, &b);
	offer(s, &b, "SMTPUTF8");
	offer(s, &b, "HELP");
	list = arena_dup(&s->scratch, buf_span(&b));
	buf_free(&b);
	return list;
}

static struct reply
admit_extended(struct session *s, struct span argument, bool lmtp)
{
	struct reply r = admit_verb(s, lmtp);

	if (r.code != 0)
		return r;
	admit_name(s, argument);
	s->args[1] = HOOK_LIST(extensions(s));
	s->nargs = 2;
	return REPLY_NONE;
}

struct reply
cmd_ehlo_admit(struct session *s, struct span argument)
{
	return admit_extended(s, argument, false);
}

struct reply
cmd_lhlo_admit(struct session *s, struct span argument)
{
	return admit_extended(s, argument, true);
}

struct reply
cmd_lhlo_act(struct session *s, struct reply answer)
{
	return cmd_ehlo_act(s, answer);
}

struct reply
cmd_ehlo_act(struct session *s, struct reply answer)
{
	struct span list = s->list.p != NULL ? s->list : s->args[1].s;
	struct span first = s->controls.me;

	greeted(s, true);
	/* A verdict's text takes the first line's place, not the list's. */
	if (answer.code == 0 && answer.text.n > 0) {
		first = span_head(answer.text, span_chr(answer.text, '\n'));
		answer.text.n = 0;
	}
	return session_answer(answer, session_replyf(s, 250, NULL,
	    list.n ? "%.*s\n%.*s" : "%.*s%.*s", SPAN_ARG(first),
	    SPAN_ARG(list)));
}
