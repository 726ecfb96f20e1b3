/*
 * speak: the one place that writes to the client (session.h). Replies are
 * values until they come here; here they are counted, logged and perhaps
 * reworded by hook.reply, and exactly one goes out for each command.
 */
#include "log.h"
#include "session.h"
#include "utf8.h"
#include <errno.h>
#include <stdarg.h>
#include <sys/random.h>

#define DELAYS	     1000  /* times errordelay, at most */
#define DELAY_MAX_MS 30000 /* but for a longer errordelay */

struct reply
session_replyf(struct session *s, int code, const char *enhanced,
    const char *fmt, ...)
{
	va_list ap;

	buf_reset(&s->text);
	va_start(ap, fmt);
	buf_vprintf(&s->text, fmt, ap);
	va_end(ap);
	return (struct reply){code, enhanced, session_ascii(s,
	    buf_span(&s->text)), false};
}

/* RFC 6531 3.7.4: no reply of ours is one of those that may have UTF-8. */
struct span
session_ascii(struct session *s, struct span text)
{
	struct buf b = {0};

	if (!utf8_needed(text))
		return text;
	utf8_put_ascii(&b, text);
	text = arena_dup(&s->scratch, buf_span(&b));
	buf_free(&b);
	return text;
}

struct reply
session_trouble(struct session *s, const char *what)
{
	struct log l;

	log_open_at(&l, LOG_ERR, "trouble");
	log_str(&l, "id", s->tx.id);
	log_str(&l, "what", what);
	log_str(&l, "error", strerror(errno));
	log_send(&l);
	return REPLY(451, "4.3.0", "Local trouble, try again later");
}

/* A number from 0 to 255 that nobody can foresee. */
static unsigned
any_octet(void)
{
	unsigned char c = 128;

	if (getrandom(&c, 1, GRND_NONBLOCK) != 1)
		return 128;
	return c;
}

/*
 * The n-th late answer is n times as late as the first, a quarter more or
 * less, so that clients that were slowed down do not come back in step; at
 * most half a minute.
 */
static void
delay(struct session *s, uint64_t n)
{
	int64_t ms = s->controls.errordelay;

	if (ms >= DELAY_MAX_MS) {
		io_pause(&s->io, ms);
		return;
	}
	ms *= n < DELAYS ? (int64_t)n : DELAYS;
	if (ms > DELAY_MAX_MS)
		ms = DELAY_MAX_MS;
	io_pause(&s->io, ms * 3 / 4 + ms * any_octet() / 510);
}

struct reply
session_count_error(struct session *s)
{
	const struct controls *c = &s->controls;
	struct reply r = REPLY_NONE;

	s->errors++;
	if (c->maxerrors != 0 && s->errors >= c->maxerrors) {
		r = REPLY(421, "4.7.0", "Too many errors");
		r.drop = true;
	}
	if (s->errors > c->softerrors && c->errordelay > 0)
		delay(s, s->errors - c->softerrors);
	return r;
}

struct reply
session_count_junk(struct session *s)
{
	const uint64_t max = s->controls.maxjunk;

	s->junk++;
	if (max == 0 || s->junk <= max)
		return REPLY_NONE;
	return session_count_error(s);
}

/* Is it AUTH, even a line that was refused before anybody looked for its
 * verb? A control in front or behind makes it no less a secret. */
static bool
says_auth(const struct session *s)
{
	struct span line = s->facts.input;

	if (s->verb.n > 0)
		return span_eq(s->verb, SPAN("AUTH"));
	while (line.n > 0 && !ascii_isalpha(line.p[0]))
		line = span_skip(line, 1);
	return span_istarts(line, SPAN("AUTH"));
}

/* Apart, so that a reply that is not logged does not pay for the stack. */
static void __attribute__((noinline))
log_reply(struct session *s, struct reply r)
{
	struct log l;
	bool auth = says_auth(s);

	log_open(&l, r.code < 500 ? "defer" : "reject");
	log_str(&l, "id", s->tx.id);
	log_span(&l, "ip", s->peer.ip_text);
	log_num(&l, "code", r.code);
	/* What stands behind AUTH is a secret, and so may be what a client
	 * sends after it that is no command of ours. */
	s->saw_auth |= auth;
	s->facts.saw_auth = s->saw_auth;
	if (auth)
		log_str(&l, "command", "AUTH");
	else if (s->facts.input.p != NULL && (!s->saw_auth || s->verb.n > 0))
		log_span(&l, "command", s->facts.input);
	log_span(&l, "text", span_head(r.text, span_chr(r.text, '\n')));
	log_send(&l);
}

/*
 * hook.reply: another wording of what goes out. It may not change what it
 * means, or the client would be out of step: same first digit, and what
 * opens another kind of dialogue stays as it is. Returns whether the
 * connection ends with it.
 */
static bool __attribute__((noinline))
rewrite(struct session *s, struct reply r, struct buf *wire)
{
	struct hook_arg args[2] = {HOOK_STRING(buf_span(wire)),
	    HOOK_STRING(s->verb)};
	struct verdict v;

	if (r.code == 354 || r.code == 353 || r.code == 334 ||
	    (r.code == 220 && span_eq(s->verb, SPAN("STARTTLS"))))
		return false;
	/* The last CRLF is not part of it. */
	args[0].s.n -= 2;
	hook_run(s->hooks, HOOK_reply, args, 2, &v);
	if (v.kind != VERDICT_REPLY && v.kind != VERDICT_INFO)
		return v.drop;
	if (v.reply.code / 100 != r.code / 100) {
		log_warn("hook-error", "hook.reply: %d in the place of %d",
		    v.reply.code, r.code);
		return v.drop;
	}
	buf_reset(wire);
	reply_format(v.reply, wire);
	return v.drop || v.reply.code == 421;
}

void
session_reply(struct session *s, struct reply r)
{
	struct buf wire = {0};

	if (r.code >= 400 && r.code != 421 && !s->repeated && !s->counted) {
		struct reply end = session_count_error(s);

		if (end.code != 0)
			r = end;
	}
	if (r.code >= 400 && !s->repeated)
		log_reply(s, r);
	reply_format(r, &wire);
	if (hook_defined(s->hooks, HOOK_reply))
		r.drop |= rewrite(s, r, &wire);
	io_write(&s->io, buf_span(&wire));
	buf_free(&wire);
	if (s->trace)
		io_flush(&s->io);
	if ((r.drop || r.code == 421) && s->ending == GOES_ON)
		s->ending = END_DROPPED;
}
