/*
 * dot: the decoder against a plain model of RFC 5321 4.5.2, whole and in
 * pieces: the same message, the same faults, the same place where it ends.
 * First octet: how the rest is split.
 */
#include "../../smtpe/dot.h"
#include "buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(c)                                                              \
	do {                                                                  \
		if (!(c))                                                     \
			__builtin_trap();                                     \
	} while (0)

struct result {
	struct buf message;
	size_t rest; /* octets behind the end */
	bool ended, faulty;
	uint64_t longest;
};

/* Octets up to the next CRLF, or s.n when there is none. */
static size_t
line_length(struct span s)
{
	for (size_t i = 0; i + 1 < s.n; i++)
		if (s.p[i] == '\r' && s.p[i + 1] == '\n')
			return i;
	return s.n;
}

static bool
has_faults(struct span line)
{
	return span_chr(line, '\r') < line.n || span_chr(line, '\n') < line.n ||
	    span_chr(line, '\0') < line.n;
}

/* Whole lines only: what the decoder holds back at the end is its affair. */
static void
model(struct span s, struct result *r)
{
	while (s.n > 0) {
		size_t n = line_length(s);
		struct span line = span_head(s, n);

		if (n == s.n)
			return;
		s = span_skip(s, n + 2);
		if (span_eq(line, SPAN("."))) {
			r->ended = true;
			r->rest = s.n;
			return;
		}
		if (line.n > 0 && line.p[0] == '.')
			line = span_skip(line, 1);
		r->faulty |= has_faults(line);
		if (line.n > r->longest)
			r->longest = line.n;
		buf_put(&r->message, line);
		buf_puts(&r->message, "\r\n");
	}
}

/* Through the decoder, step says how long the pieces are. */
static void
decode(struct span s, unsigned step, struct result *r)
{
	struct dot d = {0};

	while (s.n > 0 && !d.ended) {
		size_t n = 1 + step % 13;
		struct span piece = span_head(s, n), run;
		size_t had = piece.n;

		step = step * 5 + 1;
		while (dot_next(&d, &piece, &run)) {
			CHECK(run.n > 0);
			buf_put(&r->message, run);
		}
		CHECK(d.ended || piece.n == 0);
		s = span_skip(s, had - piece.n);
	}
	r->ended = d.ended;
	r->rest = s.n;
	r->faulty = d.bare_cr || d.bare_lf || d.nul;
	r->longest = d.longest;
}

static void
decode_whole(struct span s, struct result *r)
{
	struct dot d = {0};
	struct span run;

	while (dot_next(&d, &s, &run))
		buf_put(&r->message, run);
	r->ended = d.ended;
	r->rest = s.n;
	r->faulty = d.bare_cr || d.bare_lf || d.nul;
	r->longest = d.longest;
}

static void
reset(struct result *r)
{
	struct buf b = r->message;

	*r = (struct result){.message = b};
	buf_reset(&r->message);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct result want, whole, parts;
	struct span s;

	if (size == 0)
		return 0;
	s = span_make((const char *)data + 1, size - 1);
	reset(&want);
	reset(&whole);
	reset(&parts);
	model(s, &want);
	decode_whole(s, &whole);
	decode(s, data[0], &parts);
	CHECK(span_eq(buf_span(&whole.message), buf_span(&parts.message)));
	CHECK(whole.ended == parts.ended && whole.rest == parts.rest);
	CHECK(whole.faulty == parts.faulty && whole.longest == parts.longest);
	CHECK(want.ended == whole.ended);
	if (want.ended) {
		CHECK(want.rest == whole.rest && want.faulty == whole.faulty);
		CHECK(want.longest == whole.longest);
		CHECK(span_eq(buf_span(&want.message),
		    buf_span(&whole.message)));
	} else {
		/* The lines that are whole are out; more may be. */
		CHECK(whole.message.n >= want.message.n);
		CHECK(span_eq(buf_span(&want.message),
		    span_head(buf_span(&whole.message), want.message.n)));
	}
	return 0;
}
