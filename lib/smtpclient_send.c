/*
 * smtpclient_send: one transaction. MAIL, the RCPTs and DATA are numbered
 * commands, sent in groups (RFC 2920) or one by one, and answered in their
 * order: answer k is command k's, whatever it says.
 */
#include "smtpclient_wire.h"
#include <errno.h>

struct sending {
	struct smtpclient *c;
	const struct smtpclient_mail *mail;
	struct smtpclient_result *results;
	struct smtpclient_result mail_reply, data_reply;
	size_t commands;  /* MAIL, one for each recipient, DATA */
	size_t sent, got; /* how many of them; a recipient that cannot be
			   * named is passed over in both */
	size_t taken;	  /* recipients */
	bool utf8;
};

/* --- commands --- */

static bool
is_data(const struct sending *s, size_t k)
{
	return s->mail->next != NULL && k == s->commands - 1;
}

/* Passed over: it has its result already. */
static bool
is_left_out(const struct sending *s, size_t k)
{
	return k > 0 && !is_data(s, k) && s->results[k - 1].reply.code != 0;
}

static void
put_params(struct buf *line, struct span params)
{
	if (params.n == 0)
		return;
	buf_putc(line, ' ');
	buf_put(line, params);
}

static void
put_mail(struct sending *s)
{
	const struct smtpclient_mail *m = s->mail;
	unsigned extensions = s->c->extensions;
	struct buf *line = smtpclient_line(s->c);

	buf_puts(line, "MAIL FROM:<");
	buf_put(line, m->sender);
	buf_putc(line, '>');
	if ((extensions & SMTPCLIENT_SIZE) != 0 && m->size > 0) {
		buf_puts(line, " SIZE=");
		buf_putu(line, (unsigned long long)m->size);
	}
	if (m->eight_bit && (extensions & SMTPCLIENT_8BITMIME) != 0)
		buf_puts(line, " BODY=8BITMIME");
	if (s->utf8)
		buf_puts(line, " SMTPUTF8");
	put_params(line, m->params);
}

static void
put_command(struct sending *s, size_t k)
{
	struct buf *line;

	if (k == 0) {
		put_mail(s);
	} else if (is_data(s, k)) {
		buf_puts(smtpclient_line(s->c), "DATA");
	} else {
		line = smtpclient_line(s->c);
		buf_puts(line, "RCPT TO:<");
		buf_put(line, s->mail->recipients[k - 1]);
		buf_putc(line, '>');
		if (s->mail->rcpt_params != NULL)
			put_params(line, s->mail->rcpt_params[k - 1]);
	}
	/* Addresses were looked at; params may hold anything. */
	if (smtpclient_put(s->c) == -1)
		smtpclient_break(s->c, SMTPCLIENT_LOCAL, SMTPCLIENT_MAIL,
		    EINVAL);
}

/* DATA makes no sense for nobody; what is still unsent may be taken. */
static bool
is_wanted(const struct sending *s, size_t k)
{
	if (s->got > 0 && s->mail_reply.outcome != SMTPCLIENT_OK)
		return false;
	return !is_data(s, k) || s->taken > 0 || s->sent > s->got;
}

static void
put_group(struct sending *s)
{
	size_t most = s->c->extensions & SMTPCLIENT_PIPELINING ?
	    SMTPCLIENT_GROUP : 1;
	size_t n = 0;

	while (s->sent < s->commands && n < most && !s->c->broken) {
		if (is_left_out(s, s->sent)) {
			/* Never sent, never answered. */
			if (s->sent == s->got)
				s->got++;
		} else if (is_wanted(s, s->sent)) {
			put_command(s, s->sent);
			n++;
		} else {
			break;
		}
		s->sent++;
	}
}

static void
get_answer(struct sending *s, size_t k)
{
	struct smtpclient *c = s->c;
	int64_t ms = c->config.reply_ms;

	if (k == 0) {
		smtpclient_get(c, SMTPCLIENT_MAIL, 2, ms, &s->mail_reply);
		c->open = s->mail_reply.outcome == SMTPCLIENT_OK;
	} else if (is_data(s, k)) {
		smtpclient_get(c, SMTPCLIENT_DATA, 3, ms, &s->data_reply);
	} else if (!is_left_out(s, k)) {
		smtpclient_get(c, SMTPCLIENT_RCPT, 2, ms, &s->results[k - 1]);
		if (s->results[k - 1].outcome == SMTPCLIENT_OK)
			s->taken++;
	}
}

/* All of it up to the reply to DATA, or up to where it makes no sense. */
static void
talk(struct sending *s)
{
	while (s->got < s->commands && !s->c->broken) {
		if (s->got == s->sent) {
			if (smtpclient_spoke(s->c, s->got == 0 ?
				    SMTPCLIENT_MAIL : SMTPCLIENT_RCPT))
				return;
			s->c->io.command_deadline =
			    clock_deadline(s->c->config.reply_ms);
			put_group(s);
			if (s->got == s->sent)
				return;
		}
		get_answer(s, s->got);
		s->got++;
	}
}

/* --- the message --- */

static void
put_octets(void *to, struct span piece)
{
	io_write(to, piece);
}

/* Nothing was read while it was written: what the server has said meanwhile
 * is why. Always breaks. */
static void
stop(struct smtpclient *c, int error)
{
	c->io.out_n = 0;
	c->io.error = 0;
	if (!smtpclient_spoke(c, SMTPCLIENT_DATA))
		smtpclient_fail(c, SMTPCLIENT_DATA, error);
}

/* Sends the message without its dot: 0, or -1 and the connection is broken. */
static int
put_message(struct sending *s, struct smtpclient_data *d)
{
	struct smtpclient *c = s->c;
	struct span piece;
	int more;

	while ((more = s->mail->next(s->mail->state, &piece)) == 1) {
		c->io.command_deadline = clock_deadline(c->config.block_ms);
		smtpclient_data_put(d, piece, put_octets, &c->io);
		/* A server that takes all at once is never waited for. */
		if (c->io.error == 0 && clock_left(c->config.deadline) == 0)
			c->io.error = ETIMEDOUT;
		if (c->io.error != 0) {
			stop(c, c->io.error);
			return -1;
		}
		/* Whatever it says now, it does not want the rest. */
		if (smtpclient_spoke(c, SMTPCLIENT_DATA))
			return -1;
	}
	if (more == 0)
		return 0;
	/* Half a message must not look like a whole one: no dot, no QUIT. */
	smtpclient_break(c, SMTPCLIENT_LOCAL, SMTPCLIENT_DATA, errno);
	smtpclient_abort(c);
	return -1;
}

/*
 * RFC 2033 4.2: one reply for each recipient that was taken, in their order.
 * r is no answer then: each has its own.
 */
static void
get_each(struct sending *s, struct smtpclient_result *r)
{
	struct smtpclient *c = s->c;
	size_t asked = s->taken;

	s->taken = 0;
	for (size_t i = 0; i < s->mail->nrecipients; i++) {
		struct smtpclient_result *p = &s->results[i];

		if (p->outcome != SMTPCLIENT_OK || p->stage != SMTPCLIENT_RCPT)
			continue;
		smtpclient_get(c, SMTPCLIENT_DOT, 2, c->config.dot_ms, p);
		s->taken += p->outcome == SMTPCLIENT_OK;
	}
	/* A server that takes a message for nobody is out of step. */
	if (asked == 0)
		smtpclient_break(c, SMTPCLIENT_NONSENSE, SMTPCLIENT_DATA, 0);
	*r = (struct smtpclient_result){.stage = SMTPCLIENT_DOT};
}

/* The message and its dot; r is the answer. */
static void
put_data(struct sending *s, struct smtpclient_result *r)
{
	struct smtpclient *c = s->c;
	struct smtpclient_data d = {0};

	/* RFC 2920 3.1: DATA was accepted for nobody: an empty message. */
	if (s->taken > 0 && put_message(s, &d) == -1) {
		*r = c->why;
		return;
	}
	c->io.command_deadline = clock_deadline(c->config.block_ms);
	/* From here on it may be taken, whatever we hear of it. */
	c->dot_sent = s->taken > 0;
	smtpclient_data_end(&d, put_octets, &c->io);
	if (io_flush(&c->io) == -1)
		stop(c, c->io.error);
	if (c->config.lmtp)
		get_each(s, r);
	else
		smtpclient_get(c, SMTPCLIENT_DOT, 2, c->config.dot_ms, r);
	c->open = false;
}

/* --- the whole --- */

/* Recipients that were taken, or not asked about, have another result; with
 * all, whatever the server said of them. */
static void
settle(struct sending *s, struct smtpclient_result r, bool all)
{
	for (size_t i = 0; i < s->mail->nrecipients; i++) {
		struct smtpclient_result *p = &s->results[i];

		if (p->reply.code == 0 || p->outcome == SMTPCLIENT_OK ||
		    (all && p->theirs))
			*p = r;
	}
	if (r.outcome != SMTPCLIENT_OK)
		s->taken = 0;
}

static void
reset(struct smtpclient *c)
{
	struct smtpclient_result r;

	smtpclient_command(c, SPAN("RSET"), SMTPCLIENT_RSET, &r);
	c->open = false;
	if (r.outcome == SMTPCLIENT_OK || c->broken)
		return;
	/* A server that does not forget cannot be given another message. */
	c->broken = true;
	c->why = r;
}

static void
transact(struct sending *s)
{
	struct smtpclient *c = s->c;
	struct smtpclient_result r = s->data_reply;
	bool go_on;

	talk(s);
	go_on = !c->broken && s->data_reply.reply.code != 0 &&
	    s->data_reply.outcome == SMTPCLIENT_OK;
	if (s->mail_reply.outcome != SMTPCLIENT_OK) {
		/* "503 need MAIL" is not what a recipient is refused for. */
		settle(s, s->mail_reply, true);
		if (go_on)
			put_data(s, &r);
	} else if (c->broken) {
		settle(s, c->why, false);
	} else if (s->data_reply.reply.code != 0) {
		r = s->data_reply;
		if (go_on)
			put_data(s, &r);
		if (s->taken > 0 && r.reply.code != 0)
			settle(s, r, false);
	}
}

size_t
smtpclient_send(struct smtpclient *c, const struct smtpclient_mail *mail,
    struct smtpclient_result *results)
{
	struct sending s = {.c = c, .mail = mail, .results = results,
	    .commands = 1 + mail->nrecipients + (mail->next != NULL)};

	for (size_t i = 0; i < mail->nrecipients; i++)
		results[i] = (struct smtpclient_result){0};
	c->dot_sent = false;
	if (c->fd != -1 && !c->broken) {
		arena_reset(&c->kept);
		c->io.session_deadline = c->config.deadline;
		if (c->open)
			reset(c);
	}
	if (!smtpclient_usable(c)) {
		if (c->fd == -1 && !c->broken)
			smtpclient_fail(c, SMTPCLIENT_CONNECT, ENOTCONN);
		settle(&s, c->why, true);
	} else if (smtpclient_check(c, mail, results, &s.utf8) > 0) {
		transact(&s);
	}
	return s.taken;
}
