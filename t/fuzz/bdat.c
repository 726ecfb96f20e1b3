/*
 * bdat: what a BDAT line announces, and a message in chunks, against plain
 * models: the octets are those that came, with the last line's end; the faults
 * are the same wherever the chunks were cut. First octet: how they are.
 */
#include "../../smtpe/dot.h"
#include "../../smtpe/payload.h"
#include "buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(c)                                                              \
	do {                                                                  \
		if (!(c))                                                     \
			__builtin_trap();                                     \
	} while (0)

static struct session session;

/* "BDAT" blanks digits, then the end or a blank. */
static bool
model_line(struct span line, uint64_t *octets)
{
	size_t i = 4, first;

	while (i < line.n && (line.p[i] == ' ' || line.p[i] == '\t'))
		i++;
	for (first = i; i < line.n && ascii_isdigit(line.p[i]); i++) {
		unsigned d = (unsigned)(line.p[i] - '0');

		if (*octets > (UINT64_MAX - d) / 10)
			return false;
		*octets = *octets * 10 + d;
	}
	return i > first && (i == line.n || line.p[i] == ' ' ||
	    line.p[i] == '\t');
}

static void
check_line(struct span line)
{
	uint64_t octets = 0;
	bool known;

	known = payload_measure(&session, line);
	if (line.n < 4 || !span_istarts(line, SPAN("BDAT")) ||
	    (line.n > 4 && line.p[4] != ' ' && line.p[4] != '\t')) {
		/* It may begin with blanks, but never with another word. */
		struct span verb;

		if (!span_word(&line, &verb) || !span_ieq(verb, SPAN("BDAT")))
			CHECK(known && session.payload == 0);
		return;
	}
	CHECK(known == model_line(line, &octets));
	CHECK(!known || session.payload == octets);
}

struct result {
	struct buf message;
	bool bare_cr, bare_lf, nul;
	uint64_t longest;
};

static void
model(struct span s, struct result *r)
{
	uint64_t line = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '\r' && i + 1 < s.n && s.p[i + 1] == '\n') {
			if (line > r->longest)
				r->longest = line;
			line = 0;
			i++;
			continue;
		}
		r->bare_cr |= c == '\r';
		r->bare_lf |= c == '\n';
		r->nul |= c == '\0';
		line++;
	}
	if (line > r->longest)
		r->longest = line;
}

static void
decode(struct span s, unsigned step, struct result *r)
{
	struct dot d = {.plain = true};
	struct span run;

	while (s.n > 0) {
		size_t n = step == 0 ? s.n : 1 + step % 13;
		struct span piece = span_head(s, n);

		s = span_skip(s, piece.n);
		step = step == 0 ? 0 : step * 5 + 1;
		while (dot_next(&d, &piece, &run)) {
			CHECK(run.n > 0);
			buf_put(&r->message, run);
		}
		CHECK(piece.n == 0 && !d.ended);
	}
	buf_put(&r->message, dot_finish(&d));
	CHECK(d.ended);
	r->bare_cr = d.bare_cr;
	r->bare_lf = d.bare_lf;
	r->nul = d.nul;
	r->longest = d.longest;
}

static void
check_message(struct span s, unsigned step)
{
	struct result want = {0}, whole = {0}, parts = {0};
	struct span got;
	bool faulty;

	model(s, &want);
	decode(s, 0, &whole);
	decode(s, step, &parts);
	CHECK(span_eq(buf_span(&whole.message), buf_span(&parts.message)));
	CHECK(whole.bare_cr == parts.bare_cr && whole.nul == parts.nul);
	CHECK(whole.bare_lf == parts.bare_lf);
	CHECK(whole.longest == parts.longest);
	faulty = whole.bare_cr || whole.bare_lf || whole.nul;
	CHECK(faulty == (want.bare_cr || want.bare_lf || want.nul));
	if (!faulty) {
		CHECK(whole.longest == want.longest);
		got = buf_span(&whole.message);
		CHECK(got.n >= s.n && span_eq(span_head(got, s.n), s));
		got = span_skip(got, s.n);
		CHECK(got.n == 0 || span_eq(got, SPAN("\r\n")));
		/* It is whole lines, or nothing. */
		got = buf_span(&whole.message);
		CHECK(got.n == 0 || span_iends(got, SPAN("\r\n")));
	}
	buf_free(&parts.message);
	buf_free(&whole.message);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s;

	if (size == 0)
		return 0;
	s = span_make((const char *)data + 1, size - 1);
	check_line(s);
	check_message(s, data[0]);
	return 0;
}
