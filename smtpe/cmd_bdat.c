/*
 * cmd_bdat: BDAT (RFC 3030 2). A message in chunks whose octets are counted,
 * so that none of them means an end. Between two chunks the message waits in
 * s->arrival; a chunk that is refused is read all the same (payload.h), and
 * then the whole message is: every further chunk gets the same refusal, until
 * the last one or RSET ends the transaction.
 *
 * BINARYMIME is not offered: bare CR, bare LF and NUL are refused as they are
 * with DATA, or the next host would see in them what this one does not.
 */
#include "arrival.h"
#include "command.h"
#include "final.h"
#include "log.h"
#include "payload.h"

/* What stands behind the verb: the size, which is s->payload (that of the line
 * the client sent), and perhaps LAST. False for anything else. */
static bool
parse(struct span argument, bool *last)
{
	struct span size, marker;

	span_word(&argument, &size);
	*last = span_word(&argument, &marker);
	return !*last || (span_ieq(marker, SPAN("LAST")) &&
	    span_trim(argument).n == 0);
}

struct reply
cmd_bdat_admit(struct session *s, struct span argument)
{
	bool *last = arena_zalloc(&s->scratch, sizeof *last);

	if (!cmd_ehlo_offers(s, SPAN("CHUNKING")))
		return REPLY(502, "5.5.1", "BDAT is not offered here");
	if (!parse(argument, last))
		return REPLY(501, "5.5.4", "Syntax: BDAT size [LAST]");
	s->parsed = last;
	return REPLY_NONE;
}

/*
 * hook.data, once, before the first chunk. There is no 354 here and a 250
 * would promise something: what is neither the script's agreement nor a
 * refusal is trouble of ours.
 */
static struct reply
ask_data(struct session *s)
{
	struct answer a = session_ask(s, HOOK_data, NULL, 0);

	if (a.go_on && a.reply.drop)
		return REPLY(421, "4.7.0", "Closing the connection");
	if (a.go_on || a.reply.code >= 400)
		return a.go_on ? REPLY_NONE : a.reply;
	log_warn("hook-error", "hook.data: %d is no answer to BDAT",
	    a.reply.code);
	return REPLY(451, "4.3.0", "Local trouble, try again later");
}

static struct reply
begin(struct session *s)
{
	struct reply r = ask_data(s);

	if (r.code != 0)
		return r;
	if (arrival_open(s) == -1)
		return session_trouble(s, s->controls.queuedir);
	arrival_start(s)->dot.plain = true;
	return REPLY_NONE;
}

/* Reads the chunk: 1; 0 when the client is gone, -1 and errno. */
static int
read_chunk(struct session *s, struct arrival *a)
{
	struct span octets = {NULL, 0}, rest, run;
	int n;

	/* What is too big already needs no room. */
	arrival_expect(s, a, s->payload);
	while (s->payload > 0) {
		arrival_set_deadlines(s, a);
		if ((n = payload_next(s, &octets)) != 1)
			return n;
		rest = octets;
		while (dot_next(&a->dot, &rest, &run))
			arrival_take(s, a, run);
		a->octets += octets.n;
		payload_take(s, octets.n);
	}
	arrival_set_deadlines(s, a);
	return 1;
}

/* The message is whole: the same as behind CRLF.CRLF. */
static struct reply
finish(struct session *s, struct arrival *a)
{
	struct span rest = dot_finish(&a->dot);
	struct reply r;

	if (rest.n > 0)
		arrival_take(s, a, rest);
	s->message_ended = true;
	s->verb = SPAN(".");
	r = final_verdict(s, a);
	r.drop |= a->feed.drop;
	return r;
}

/* One chunk, and the reply to it. judged: it was the message's. */
static struct reply
take_chunk(struct session *s, bool last, bool *judged)
{
	uint64_t size = s->payload;
	struct reply r;
	int n;

	if (size == 0 && !last && (r = session_count_junk(s)).code != 0)
		return r;
	if (s->tx.lost_chunk.code != 0) {
		/* RFC 3030 2: they may have been on their way. */
		s->repeated = true;
		return s->tx.lost_chunk;
	}
	if (s->arrival == NULL && (r = begin(s)).code != 0)
		return r;
	s->verb = SPAN("BDAT");
	/* Reading overwrites the line. */
	s->facts.input = arena_dup(&s->scratch, s->facts.input);
	if ((n = read_chunk(s, s->arrival)) != 1)
		return session_lost(s, n);
	if (last) {
		*judged = true;
		return finish(s, s->arrival);
	}
	r = arrival_check(s, s->arrival);
	if (r.code != 0)
		return r;
	return session_replyf(s, 250, "2.0.0", "%llu octets received",
	    (unsigned long long)size);
}

/* RFC 2033 4.2: the last chunk has a reply for each recipient, also when the
 * message did not become whole. */
static struct reply
refuse_last(struct session *s, struct reply r)
{
	struct final f = {0};

	if (!s->controls.lmtp || r.code == 421)
		return r;
	r = payload_swallow(s, r);
	if (r.code == 0)
		return r;
	s->verb = SPAN(".");
	f.refusal = transaction_keep(&s->tx, r);
	return final_say(s, &f);
}

struct reply
cmd_bdat_act(struct session *s, struct reply answer)
{
	bool last = *(bool *)s->parsed, judged = false;
	struct reply r;

	(void)answer;
	s->phase = PHASE_CHUNKS;
	r = take_chunk(s, last, &judged);
	if (last && !judged)
		r = refuse_last(s, r);
	if (last) {
		arrival_end(s);
		s->reset_after = true;
	} else if (r.code >= 400 && s->tx.lost_chunk.code == 0) {
		s->tx.lost_chunk = r = transaction_keep(&s->tx, r);
		arrival_end(s);
	}
	return r;
}

struct reply
cmd_bdat_refused(struct session *s, struct span line, struct reply r)
{
	struct span argument;
	const struct command *c = command_find(line, &argument);
	bool last;

	if (c == NULL || (c->phases & CARRIES) == 0 || r.code < 400 ||
	    r.drop || (c->phases & s->phase) == 0 ||
	    !parse(argument, &last) || !last)
		return r;
	r = refuse_last(s, r);
	arrival_end(s);
	s->reset_after = true;
	return r;
}
