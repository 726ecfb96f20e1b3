/* arrival: see arrival.h. */
#include "arrival.h"
#include <errno.h>

#define HEADER_BLOCK 8 /* times maxheader */

int
arrival_open(struct session *s)
{
	if (!s->queue_opened &&
	    queue_open(&s->queue, s->controls.queuedir) == -1)
		return -1;
	s->queue_opened = true;
	memcpy(s->in.id, s->tx.id, sizeof s->in.id);
	if (queue_in_open(&s->in, &s->queue) == -1)
		return -1;
	if (strcmp(s->in.id, s->tx.id) == 0)
		return 0;
	/* A sweeper took the name from us: the transaction follows. */
	memcpy(s->tx.id, s->in.id, sizeof s->tx.id);
	s->facts.msg_file = arena_printf(&s->tx.arena, "%s/tmp/%s",
	    s->controls.queuedir, s->tx.id);
	return 0;
}

struct arrival *
arrival_start(struct session *s)
{
	struct arrival *a = arena_zalloc(&s->tx.arena, sizeof *a);

	a->started = clock_mono();
	a->waited = s->io.waited;
	s->arrival = a;
	s->scan = &a->header;
	s->message_ended = false;
	feed_start(&a->feed, s);
	s->verb = SPAN(".");
	return a;
}

/* The rest is only read to find its end; the disk is free at once. */
static void
give_up(struct session *s, struct arrival *a)
{
	if (a->given_up)
		return;
	a->given_up = true;
	feed_stop(&a->feed);
	queue_in_abort(&s->in);
}

void
arrival_expect(struct session *s, struct arrival *a, uint64_t octets)
{
	uint64_t most = s->controls.databytes;

	if (most == 0 || (a->size <= most && octets <= most - a->size))
		return;
	a->too_big = true;
	give_up(s, a);
}

void
arrival_take(struct session *s, struct arrival *a, struct span run)
{
	const struct controls *c = &s->controls;

	a->size += run.n;
	if (c->databytes != 0 && a->size > c->databytes)
		a->too_big = true;
	if (!a->header.done)
		header_scan(&a->header, run);
	if (a->too_big || s->in.error != 0 || a->dot.line > c->maxline ||
	    a->header.longest > c->maxheader ||
	    a->header.block > c->maxheader * HEADER_BLOCK)
		give_up(s, a);
	if (a->given_up)
		return;
	queue_in_write(&s->in, run);
	if (a->dot.bare_cr || a->dot.bare_lf || a->dot.nul)
		feed_stop(&a->feed);
	feed_push(&a->feed, s, run);
}

static int64_t
longer(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/*
 * What is left of the time that a client may keep us waiting: timeoutsmtpd,
 * and at the minimum rate what the octets took that came. Time of our own (a
 * hook's, the disk's) is not his.
 */
static int64_t
patience(const struct session *s, const struct arrival *a)
{
	return s->controls.timeoutsmtpd +
	    (int64_t)(a->octets * 1000 / s->controls.mindatarate) -
	    (s->io.waited - a->waited);
}

/*
 * Each block has timeoutsmtpd, all together what patience() says. The
 * session's own deadline moves on by the
 * time that the octets pay for at the minimum rate, so that a large message
 * over a working line is never cut, and one octet a second is.
 */
void
arrival_set_deadlines(struct session *s, const struct arrival *a)
{
	uint64_t rate = s->controls.mindatarate;
	clock_ms paid, most, end;

	s->io.command_deadline = clock_deadline(s->controls.timeoutsmtpd);
	if (rate == 0)
		return;
	end = clock_mono() + patience(s, a);
	if (s->controls.timeoutsmtpd > 0 && end < s->io.command_deadline)
		s->io.command_deadline = end;
	if (a->given_up)
		return;
	paid = a->started + (clock_ms)(a->octets * 1000 / rate);
	/* What came fast buys no endless silence. */
	most = clock_mono() + longer(s->controls.timeoutsession,
	    s->controls.timeoutsmtpd);
	if (paid > most)
		paid = most;
	if (paid > s->io.session_deadline)
		s->io.session_deadline = paid;
}

struct reply
arrival_check(struct session *s, const struct arrival *a)
{
	const struct controls *c = &s->controls;

	if (s->in.error == ENOSPC || s->in.error == EDQUOT) {
		errno = s->in.error;
		session_trouble(s, "write");
		return REPLY(452, "4.3.1", "No room for it, try again later");
	}
	if (s->in.error != 0) {
		errno = s->in.error;
		return session_trouble(s, "write");
	}
	if (a->dot.bare_cr || a->dot.bare_lf || a->dot.nul)
		return REPLY(550, "5.6.11",
		    "Bare CR, bare LF or NUL in the message");
	if (a->too_big)
		return session_replyf(s, 552, "5.3.4",
		    "Message too big, at most %llu octets",
		    (unsigned long long)c->databytes);
	if (a->dot.longest > c->maxline)
		return REPLY(552, "5.3.4", "Line too long");
	if (a->header.longest > c->maxheader ||
	    a->header.block > c->maxheader * HEADER_BLOCK)
		return REPLY(552, "5.3.4", "Header too big");
	/* RFC 5321 6.3 */
	if (c->maxhops != 0 && a->header.received >= c->maxhops)
		return REPLY(554, "5.4.6", "Too many hops, this is a loop");
	return REPLY_NONE;
}

void
arrival_end(struct session *s)
{
	if (s->arrival == NULL)
		return;
	s->scan = NULL;
	feed_stop(&s->arrival->feed);
	queue_in_abort(&s->in);
	s->arrival = NULL;
}
