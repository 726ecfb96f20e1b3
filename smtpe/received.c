/* received: see received.h. */
#include "received.h"

/*
 * What the client said about itself, fit for a header: parentheses, quotes
 * and the like could forge the comment behind it.
 */
static void
put_safe(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.n && i < 255; i++) {
		char c = s.p[i];

		buf_putc(out, ascii_isalnum(c) || (c && strchr(".-_:[]", c)) ?
		    c : '?');
	}
	if (s.n == 0)
		buf_puts(out, "unknown");
}

struct span
received_protocol(struct session *s)
{
	struct span p = s->facts.protocol;

	if (!s->tx.utf8)
		return p;
	/* RFC 6531 4.3: ESMTPSA becomes UTF8SMTPSA, LMTPS UTF8LMTPS. */
	if (span_istarts(p, SPAN("E")))
		p = span_skip(p, 1);
	return arena_printf(&s->tx.arena, "UTF8%.*s", SPAN_ARG(p));
}

/* Who sent it, so that whoever reads it could ask there; hideclient: it came
 * from somebody whom we know, and that is nobody else's business. */
static void
put_from(struct session *s, struct buf *b)
{
	buf_puts(b, "Received: from ");
	if (s->controls.hideclient && s->auth_user.p != NULL) {
		buf_puts(b, "hidden");
		return;
	}
	put_safe(b, s->helo);
	buf_puts(b, " (");
	if (s->peer.name.p != NULL) {
		put_safe(b, s->peer.name);
		buf_putc(b, ' ');
	}
	if (s->peer.ip.family == AF_INET6)
		buf_puts(b, "[IPv6:");
	else if (s->peer.ip.family != 0)
		buf_putc(b, '[');
	buf_put(b, s->peer.ip_text);
	if (s->peer.ip.family != 0)
		buf_putc(b, ']');
	buf_putc(b, ')');
}

struct span
received_format(struct session *s, const struct message *m)
{
	char date[CLOCK_RFC5322];
	struct buf b = {0};
	struct span field;

	put_from(s, &b);
	buf_puts(&b, "\r\n\tby ");
	put_safe(&b, s->controls.me);
	buf_puts(&b, " with ");
	buf_put(&b, received_protocol(s));
	if (session_encrypted(s)) {
		buf_puts(&b, "\r\n\t(");
		buf_put(&b, s->facts.tls_protocol);
		buf_puts(&b, " cipher ");
		buf_put(&b, s->facts.tls_cipher);
		buf_printf(&b, " bits %d)", s->facts.tls_bits);
	}
	buf_puts(&b, " id ");
	buf_put(&b, m->id);
	/* More than one would show one recipient to another (RFC 5321 7.6). */
	if (m->nrcpts == 1) {
		buf_puts(&b, "\r\n\tfor <");
		buf_put(&b, m->rcpts[0].address);
		buf_putc(&b, '>');
	}
	buf_puts(&b, "; ");
	buf_puts(&b, clock_format_rfc5322(m->received_us / 1000000,
	    date));
	field = arena_dup(&s->tx.arena, buf_span(&b));
	buf_free(&b);
	return field;
}
