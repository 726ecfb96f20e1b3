/*
 * amqp_body: see amqp_body.h. JSON needs the message twice: once to learn
 * whether it is UTF-8 and how long its escaped form is, once to send it.
 */
#include "amqp_body.h"
#include "base64.h"
#include "json.h"
#include "utf8.h"
#include <errno.h>

/* Octets of c inside a JSON string (RFC 8259, 7). */
static size_t
escaped_length(unsigned char c)
{
	if (c >= ' ')
		return c == '"' || c == '\\' ? 2 : 1;
	return c == '\n' || c == '\r' || c == '\t' ? 2 : 6;
}

static void
put_escaped(struct buf *out, struct span s)
{
	size_t start = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (escaped_length((unsigned char)c) == 1)
			continue;
		buf_put(out, span_make(s.p + start, i - start));
		start = i + 1;
		if (c == '\r')
			buf_puts(out, "\\r");
		else if (c == '\n')
			buf_puts(out, "\\n");
		else if (c == '\t')
			buf_puts(out, "\\t");
		else if (c == '"' || c == '\\') {
			buf_putc(out, '\\');
			buf_putc(out, c);
		} else
			buf_printf(out, "\\u%04x", (unsigned)c);
	}
	buf_put(out, span_make(s.p + start, s.n - start));
}

/* Completes the character in rest with the first octets of s: how many it
 * took, or -1. A character that is cut off looks like a broken one, so it
 * gets up to four octets to become whole. */
static int
complete(struct amqp_body *b, struct span s)
{
	size_t took = 0;

	while (b->nrest > 0 && took < s.n) {
		b->rest[b->nrest++] = s.p[took++];
		if (utf8_length(span_make(b->rest, b->nrest)) == b->nrest)
			b->nrest = 0;
		else if (b->nrest == sizeof b->rest)
			return -1;
	}
	return (int)took;
}

/* Is it UTF-8, with what came before? Leaves a cut character in rest. */
static bool
check_utf8(struct amqp_body *b, struct span s)
{
	int took = complete(b, s);

	if (took == -1)
		return false;
	s = span_skip(s, (size_t)took);
	while (s.n > 0) {
		size_t n = (unsigned char)s.p[0] < 0x80 ? 1 : utf8_length(s);

		if (n == 0 && s.n >= sizeof b->rest)
			return false;
		if (n == 0) {
			memcpy(b->rest, s.p, s.n);
			b->nrest = s.n;
			return true;
		}
		s = span_skip(s, n);
	}
	return true;
}

static void
rewind_content(struct amqp_body *b)
{
	struct agent_job *job = b->part->job;

	compose_start(&b->compose, job->fd, job->size, job->whole, &job->env);
	b->nrest = 0;
}

/* The first reading: form and length of the content in JSON. */
static int
measure(struct amqp_body *b, uint64_t *length)
{
	uint64_t raw = 0, escaped = 0;
	bool text = true;
	struct span s;
	int r;

	while ((r = compose_next(&b->compose, &s)) == 1) {
		raw += s.n;
		text = text && check_utf8(b, s);
		for (size_t i = 0; text && i < s.n; i++)
			escaped += escaped_length((unsigned char)s.p[i]);
	}
	if (r == -1)
		return -1;
	text = text && b->nrest == 0;
	b->form = text ? BODY_TEXT : BODY_BASE64;
	*length = text ? escaped : (raw + 2) / 3 * 4;
	return 0;
}

/* The object around the content, whose string is empty in before; the quote
 * that ends it begins after. */
static void
put_object(struct amqp_body *b)
{
	const struct amqp_part *part = b->part;
	const struct agent_job *job = part->job;
	char when[CLOCK_RFC3339];
	struct json j;

	json_init(&j, &b->before);
	json_open_object(&j, NULL);
	json_string(&j, "timestamp",
	    span_of(clock_format_rfc3339(job->env.received_us, when)));
	json_string(&j, "message_id", part->message_id);
	json_string(&j, "client_address", job->env.client_ip);
	json_open_array(&j, "recipients");
	for (size_t i = 0; i < part->nrcpts; i++)
		json_string(&j, NULL, amqp_part_address(part, i));
	json_close_array(&j);
	json_string(&j, "email_content", span_of(NULL));
	b->before.n--;
	buf_putc(&b->after, '"');
	j.out = &b->after;
	json_string(&j, "sender", job->sender);
	json_string(&j, "helo", job->env.helo);
	json_number(&j, "size", (int64_t)job->size);
	json_string(&j, "queue_id", job->id);
	if (b->form == BODY_BASE64)
		json_string(&j, "encoding", SPAN("base64"));
	json_close_object(&j);
}

int
amqp_body_start(struct amqp_body *b, const struct amqp_part *part,
    enum amqp_format format)
{
	uint64_t length;
	int64_t size;

	b->part = part;
	b->given = 0;
	b->at = AT_BEFORE;
	buf_reset(&b->before);
	buf_reset(&b->after);
	rewind_content(b);
	if (format == AMQP_RAW) {
		b->form = BODY_RAW;
		if ((size = compose_size(&b->compose)) == -1)
			return -1;
		b->size = (uint64_t)size;
		return 0;
	}
	if (measure(b, &length) == -1)
		return -1;
	rewind_content(b);
	put_object(b);
	b->size = b->before.n + length + b->after.n;
	return 0;
}

/* Base64 of a multiple of three octets; what is left waits in rest. */
static void
put_base64(struct amqp_body *b, struct span s)
{
	while (b->nrest > 0 && b->nrest < 3 && s.n > 0) {
		b->rest[b->nrest++] = s.p[0];
		s = span_skip(s, 1);
	}
	if (b->nrest == 3) {
		base64_encode(span_make(b->rest, 3), &b->piece);
		b->nrest = 0;
	}
	base64_encode(span_head(s, s.n / 3 * 3), &b->piece);
	s = span_skip(s, s.n / 3 * 3);
	if (s.n > 0) {
		memcpy(b->rest, s.p, s.n);
		b->nrest = s.n;
	}
}

static int
next_content(struct amqp_body *b, struct span *piece)
{
	int r = compose_next(&b->compose, piece);

	buf_reset(&b->piece);
	if (r == -1)
		return -1;
	if (b->form == BODY_RAW)
		return r;
	if (r == 1 && b->form == BODY_TEXT)
		put_escaped(&b->piece, *piece);
	else if (r == 1)
		put_base64(b, *piece);
	else if (b->nrest > 0) {
		base64_encode(span_make(b->rest, b->nrest), &b->piece);
		b->nrest = 0;
		r = 1;
	}
	*piece = buf_span(&b->piece);
	return r;
}

static int
next_piece(struct amqp_body *b, struct span *piece)
{
	int r;

	switch (b->at) {
	case AT_BEFORE:
		b->at = AT_CONTENT;
		*piece = buf_span(&b->before);
		return 1;
	case AT_CONTENT:
		if ((r = next_content(b, piece)) != 0)
			return r;
		b->at = AT_AFTER;
		*piece = buf_span(&b->after);
		return 1;
	default:
		compose_end(&b->compose);
		b->at = AT_END;
		return 0;
	}
}

int
amqp_body_next(struct amqp_body *b, struct span *piece)
{
	int r = next_piece(b, piece);

	if (r == 1)
		b->given += piece->n;
	/* The broker was told the size: more or less would be taken for the
	 * next frame. */
	if (r == -1 || b->given > b->size || (r == 0 && b->given < b->size)) {
		if (r != -1)
			errno = EIO;
		return -1;
	}
	return r;
}
