/*
 * envelope: whatever stands in a trailer is parsed or refused; what was parsed
 * means the same after it has been written and parsed again, and its footer
 * fits. First octet: odd for a footer, even for a trailer.
 */
#include "envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(c)                                                              \
	do {                                                                  \
		if (!(c))                                                     \
			__builtin_trap();                                     \
	} while (0)

static void
check_footer(struct span s)
{
	uint64_t offset = 0, length = 0, size = s.n * (uint64_t)s.n;

	if (envelope_parse_footer(s, size, &offset, &length) != NULL)
		return;
	CHECK(s.n == ENVELOPE_FOOTER_SIZE);
	CHECK(offset <= size && length <= ENVELOPE_TRAILER_MAX);
	CHECK(offset + length + ENVELOPE_FOOTER_SIZE == size);
}

static void
same_lists(const struct envelope *a, const struct envelope *b)
{
	CHECK(a->nrcpts == b->nrcpts && a->nedits == b->nedits &&
	    a->nmeta == b->nmeta);
	for (size_t i = 0; i < a->nrcpts; i++)
		CHECK(a->rcpts[i].state == b->rcpts[i].state &&
		    span_eq(a->rcpts[i].address, b->rcpts[i].address) &&
		    span_eq(a->rcpts[i].params, b->rcpts[i].params));
	for (size_t i = 0; i < a->nedits; i++)
		CHECK(a->edits[i].kind == b->edits[i].kind &&
		    a->edits[i].field == b->edits[i].field &&
		    span_eq(a->edits[i].text, b->edits[i].text));
	for (size_t i = 0; i < a->nmeta; i++)
		CHECK(a->meta[i].type == b->meta[i].type &&
		    span_eq(a->meta[i].key, b->meta[i].key) &&
		    span_eq(a->meta[i].value, b->meta[i].value));
}

static void
same(const struct envelope *a, const struct envelope *b)
{
	CHECK(span_eq(a->id, b->id) && a->received_us == b->received_us);
	CHECK(span_eq(a->client_ip, b->client_ip));
	CHECK(span_eq(a->client_port, b->client_port));
	CHECK(span_eq(a->client_name, b->client_name));
	CHECK(span_eq(a->local_ip, b->local_ip));
	CHECK(span_eq(a->local_port, b->local_port));
	CHECK(span_eq(a->protocol, b->protocol) && span_eq(a->helo, b->helo));
	CHECK(span_eq(a->auth, b->auth) && span_eq(a->tls, b->tls));
	CHECK(span_eq(a->sender, b->sender) && span_eq(a->params, b->params));
	same_lists(a, b);
}

/* No address may end a line in a protocol. */
static void
check_octets(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		CHECK((unsigned char)s.p[i] >= ' ' && s.p[i] != 0x7f);
}

static void
check_trailer(struct span s, struct arena *arena)
{
	struct envelope env, again;
	struct buf out = {0};
	uint64_t offset, length;
	struct span written;

	if (envelope_parse(s, arena, &env) != NULL)
		return;
	CHECK(env.nrcpts > 0 && env.id.n > 0);
	check_octets(env.sender);
	for (size_t i = 0; i < env.nrcpts; i++) {
		check_octets(env.rcpts[i].address);
		/* Where its mark will be written. */
		CHECK(env.rcpts[i].offset < s.n &&
		    s.p[env.rcpts[i].offset] == env.rcpts[i].state);
	}
	envelope_format(&env, 1000, &out);
	written = buf_span(&out);
	CHECK(written.n > ENVELOPE_FOOTER_SIZE);
	CHECK(envelope_parse_footer(
		  span_skip(written, written.n - ENVELOPE_FOOTER_SIZE),
		  1000 + written.n, &offset, &length) == NULL);
	CHECK(offset == 1000 && length == written.n - ENVELOPE_FOOTER_SIZE);
	CHECK(envelope_parse(span_head(written, length), arena, &again) ==
	    NULL);
	same(&env, &again);
	for (size_t i = 0; i < env.nrcpts; i++)
		CHECK(written.p[again.rcpts[i].offset] == env.rcpts[i].state &&
		    env.rcpts[i].offset == again.rcpts[i].offset);
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena arena;
	struct span s;

	if (size == 0)
		return 0;
	s = span_make((const char *)data + 1, size - 1);
	if (data[0] & 1)
		check_footer(s);
	else
		check_trailer(s, &arena);
	arena_reset(&arena);
	return 0;
}
