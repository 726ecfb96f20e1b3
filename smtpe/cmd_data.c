/*
 * cmd_data: DATA (RFC 5321 4.1.1.4). The message streams from the socket
 * through the decoder into tmp/ID; the verdict on it is given once its end
 * has come, and 250 only when the entry is durable.
 */
#include "command.h"
#include "final.h"

struct reply
cmd_data_admit(struct session *s, struct span argument)
{
	(void)s;
	(void)argument;
	return REPLY_NONE;
}

/* Reads up to CRLF.CRLF: 1; 0 when the client is gone, -1 and errno. */
static int
read_message(struct session *s, struct arrival *a)
{
	for (;;) {
		struct span in = io_pending(&s->io), rest = in, run;
		ssize_t n;

		while (dot_next(&a->dot, &rest, &run))
			arrival_take(s, a, run);
		io_take(&s->io, in.n - rest.n);
		if (a->dot.ended)
			return 1;
		arrival_set_deadlines(s, a);
		if ((n = io_fill(&s->io)) <= 0)
			return (int)n;
		a->octets += (size_t)n;
	}
}

struct reply
cmd_data_act(struct session *s, struct reply answer)
{
	struct arrival *a;
	struct reply r;
	int n;

	/* A script that wants the connection closed gets it without the
	 * message. */
	if (answer.drop)
		return REPLY(421, "4.7.0", "Closing the connection");
	if (arrival_open(s) == -1)
		return session_trouble(s, s->controls.queuedir);
	session_reply(s, session_answer(answer,
	    REPLY(354, NULL, "Go ahead, end with <CRLF>.<CRLF>")));
	/* The line stands in the buffer that the message now comes into. */
	s->facts.input = arena_dup(&s->scratch, s->facts.input);
	a = arrival_start(s);
	n = read_message(s, a);
	s->message_ended = n == 1;
	if (n != 1)
		return session_lost(s, n);
	r = final_verdict(s, a);
	r.drop |= a->feed.drop;
	arrival_end(s);
	s->reset_after = true;
	return r;
}
