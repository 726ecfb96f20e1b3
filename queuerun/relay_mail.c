/* relay_mail: see relay_mail.h. */
#include "relay_mail.h"
#include "dsn.h"
#include "params.h"
#include "utf8.h"

#define HEADER_MAX (1u << 20) /* octets of it that are looked at */

static int
next_piece(void *state, struct span *piece)
{
	return compose_next(state, piece);
}

static void
rewind_message(struct relay_mail *m)
{
	const struct agent_job *job = m->job;

	compose_end(&m->compose);
	compose_start(&m->compose, job->fd, job->size, job->whole, &job->env);
}

/* Does the header, as it leaves, hold octets that are not ASCII? */
static bool
header_has_utf8(struct relay_mail *m)
{
	struct span piece;
	size_t seen = 0;
	bool found = false, empty = true, over = false;

	while (!found && !over && seen < HEADER_MAX &&
	    compose_next(&m->compose, &piece) == 1)
		for (size_t i = 0; i < piece.n && !found && !over; i++) {
			found = (unsigned char)piece.p[i] >= 0x80;
			over = piece.p[i] == '\n' && empty;
			if (piece.p[i] != '\r')
				empty = piece.p[i] == '\n';
			seen++;
		}
	rewind_message(m);
	return found;
}

static bool
has_high(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return true;
	return false;
}

/*
 * Is 8BITMIME to be said where it is offered? A large message is not read for
 * that: to say it of one that has no such octets does no harm (RFC 6152 2).
 */
static bool
is_eight_bit(const struct agent_job *job)
{
	struct span body;

	if (params_find(job->env.params, SPAN("BODY"), &body) &&
	    !span_ieq(body, SPAN("7BIT")))
		return true;
	return job->whole == NULL || has_high(span_make(job->whole, job->size));
}

/* The recipient's own parameters, where the entry has it. */
static struct span
rcpt_params(const struct agent_job *job, size_t rcpt)
{
	size_t number = job->rcpts[rcpt].number;

	return number > 0 ? job->env.rcpts[number - 1].params : span_of(NULL);
}

/* RFC 3461 5.2.1: what was asked for goes on to whom understands it. */
static void
put_dsn(struct relay_mail *m, const size_t *rcpts, size_t n, bool utf8)
{
	struct arena *a = &m->job->arena;
	struct span *params = arena_zalloc(a, n * sizeof *params);
	struct dsn_mail mail;
	struct buf b = {0};

	dsn_mail_params(m->job->env.params, a, &mail);
	dsn_put_mail(&mail, &b);
	/* A blank stands in front. */
	m->mail.params = arena_dup(a, span_skip(buf_span(&b), 1));
	for (size_t i = 0; i < n; i++) {
		struct span text = rcpt_params(m->job, rcpts[i]);
		struct dsn_rcpt rcpt;

		if (text.n == 0)
			continue;
		buf_reset(&b);
		dsn_rcpt_params(text, a, &rcpt);
		dsn_put_rcpt(&rcpt, utf8, &b);
		params[i] = arena_dup(a, span_skip(buf_span(&b), 1));
	}
	m->mail.rcpt_params = params;
	buf_free(&b);
}

void
relay_mail_make(struct relay_mail *m, struct agent_job *job,
    const size_t *rcpts, size_t n, const struct smtpclient *c)
{
	struct span *addresses = arena_zalloc(&job->arena,
	    n * sizeof *addresses), none;

	m->job = job;
	for (size_t i = 0; i < n; i++)
		addresses[i] = job->rcpts[rcpts[i]].address;
	m->mail = (struct smtpclient_mail){.sender = job->sender,
	    .recipients = addresses, .nrecipients = n,
	    .eight_bit = is_eight_bit(job), .next = next_piece,
	    .state = &m->compose};
	rewind_message(m);
	/* RFC 6531 3.2: who did not ask for it sends what was always sent. */
	if (params_find(job->env.params, SPAN("SMTPUTF8"), &none))
		m->mail.utf8 = header_has_utf8(m);
	m->mail.size = compose_size(&m->compose);
	m->dsn = (c->extensions & SMTPCLIENT_DSN) != 0;
	if (m->dsn)
		put_dsn(m, rcpts, n,
		    (c->extensions & SMTPCLIENT_SMTPUTF8) != 0);
}
