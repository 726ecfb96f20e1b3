/* payload: see payload.h. */
#include "payload.h"
#include "arrival.h"
#include "command.h"
#include "num.h"

bool
payload_measure(struct session *s, struct span line)
{
	const struct command *c;
	struct span argument, size;

	s->payload = 0;
	c = command_find(line, &argument);
	if (c == NULL || (c->phases & CARRIES) == 0)
		return true;
	span_word(&argument, &size);
	return num_parse_u64(size, &s->payload) == 0;
}

bool
payload_may_follow(struct span beginning)
{
	struct span argument;
	const struct command *c = command_find(beginning, &argument);

	/* Behind nothing but blanks the verb is still to come. */
	return c != NULL ? (c->phases & CARRIES) != 0 :
			   span_trim(beginning).n == 0;
}

struct reply
payload_unknown(void)
{
	struct reply r = REPLY(501, "5.5.4",
	    "Size missing, the rest cannot be understood");

	r.drop = true;
	return r;
}

bool
payload_is_followed(const struct session *s)
{
	return io_pending(&s->io).n > s->payload;
}

int
payload_next(struct session *s, struct span *octets)
{
	ssize_t n;

	if (io_pending(&s->io).n == 0 && (n = io_fill(&s->io)) <= 0)
		return (int)n;
	*octets = io_pending(&s->io);
	if (octets->n > s->payload)
		octets->n = (size_t)s->payload;
	return 1;
}

void
payload_take(struct session *s, size_t n)
{
	io_take(&s->io, n);
	s->payload -= n;
}

/* A chunk of a transaction is gone: so is what it was a part of. */
static void
lose_chunk(struct session *s, struct reply r)
{
	if ((s->phase & (PHASE_RCPT | PHASE_CHUNKS)) == 0 ||
	    s->tx.lost_chunk.code != 0)
		return;
	if (r.code < 400)
		r = REPLY(451, "4.3.0", "A part of the message was lost");
	s->tx.lost_chunk = transaction_keep(&s->tx, r);
	s->phase = PHASE_CHUNKS;
	arrival_end(s);
}

struct reply
payload_swallow(struct session *s, struct reply r)
{
	if (s->payload == 0 || r.drop || r.code == 421 ||
	    s->ending != GOES_ON)
		return r;
	/* Reading overwrites the line. */
	s->facts.input = arena_dup(&s->scratch, s->facts.input);
	lose_chunk(s, r);
	while (s->payload > 0) {
		struct span octets = {NULL, 0};
		int n;

		s->io.command_deadline =
		    clock_deadline(s->controls.timeoutsmtpd);
		if ((n = payload_next(s, &octets)) != 1)
			return session_lost(s, n);
		payload_take(s, octets.n);
	}
	return r;
}
