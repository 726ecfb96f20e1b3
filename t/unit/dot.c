/*
 * dot: the decoder of DATA gives the same message, end and faults whether
 * the octets come at once, in two pieces split anywhere, or one by one; and
 * only CRLF.CRLF ends it.
 */
#include "../../smtpe/dot.h"
#include "buf.h"
#include "tap.h"

struct sample {
	const char *name;
	struct span in, out, left; /* left: what follows the end */
	bool ended, cr, lf, nul;
	uint64_t longest;
};

#define S(literal) SPAN_LIT(literal)
static const struct sample samples[] = {
    {"empty message", S(".\r\n"), S(""), S(""), true, 0, 0, 0, 0},
    {"one line", S("hi\r\n.\r\n"), S("hi\r\n"), S(""), true, 0, 0, 0, 2},
    {"what follows stays", S("a\r\n.\r\nQUIT\r\n"), S("a\r\n"), S("QUIT\r\n"),
	true, 0, 0, 0, 1},
    {"stuffed dots", S("..\r\n...a\r\n.b\r\n.\r\n"), S(".\r\n..a\r\nb\r\n"),
	S(""), true, 0, 0, 0, 3},
    {"dots inside", S("a.\r\n.\r\n"), S("a.\r\n"), S(""), true, 0, 0, 0, 2},
    {"empty lines", S("\r\n\r\n.\r\n"), S("\r\n\r\n"), S(""), true, 0, 0, 0,
	0},
    {"no end", S("a\r\n"), S("a\r\n"), S(""), false, 0, 0, 0, 1},
    {"LF.LF", S("a\n.\nb\r\n.\r\n"), S("a\n.\nb\r\n"), S(""), true, 0, 1, 0,
	5},
    {"LF.CRLF", S("a\n.\r\nMAIL\r\n.\r\n"), S("a\n.\r\nMAIL\r\n"), S(""),
	true, 0, 1, 0, 4},
    {"CRLF.LF", S("a\r\n.\nMAIL\r\n.\r\n"), S("a\r\n\nMAIL\r\n"), S(""), true,
	0, 1, 0, 5},
    {"CR.CR", S("a\r.\rb\r\n.\r\n"), S("a\r.\rb\r\n"), S(""), true, 1, 0, 0,
	5},
    {"CRLF.CR", S("a\r\n.\rX\r\n.\r\n"), S("a\r\n\rX\r\n"), S(""), true, 1, 0,
	0, 2},
    {"CR.CRLF", S("a\r.\r\nX\r\n.\r\n"), S("a\r.\r\nX\r\n"), S(""), true, 1, 0,
	0, 3},
    {"CRCRLF", S("a\r\r\n.\r\n"), S("a\r\r\n"), S(""), true, 1, 0, 0, 2},
    {"CRLF.CRCRLF", S("a\r\n.\r\r\n.\r\n"), S("a\r\n\r\r\n"), S(""), true, 1,
	0, 0, 1},
    {"NUL in a line", S("a\0b\r\n.\r\n"), S("a\0b\r\n"), S(""), true, 0, 0, 1,
	3},
    {"CR NUL LF", S("a\r\0\n.\r\nX\r\n.\r\n"), S("a\r\0\n.\r\nX\r\n"), S(""),
	true, 1, 1, 1, 5},
    {"CRLF NUL .CRLF", S("a\r\n\0.\r\nX\r\n.\r\n"), S("a\r\n\0.\r\nX\r\n"),
	S(""), true, 0, 0, 1, 2},
    {"CRLF . NUL CRLF", S("a\r\n.\0\r\nX\r\n.\r\n"), S("a\r\n\0\r\nX\r\n"),
	S(""), true, 0, 0, 1, 1},
    {"8-bit and a long line",
	S("0123456789abcdef0123456789abcdef\xc3\xa9\xff\r\n.\r\n"),
	S("0123456789abcdef0123456789abcdef\xc3\xa9\xff\r\n"), S(""), true, 0,
	0, 0, 35},
};

/* Feeds in as pieces of the given size after a first one of split octets. */
static void
decode(struct span in, size_t split, size_t piece, struct dot *d,
    struct buf *out, struct span *left)
{
	memset(d, 0, sizeof *d);
	buf_reset(out);
	while (in.n > 0 && !d->ended) {
		size_t n = split ? split : piece;
		struct span part = span_head(in, n), rest = part, run;

		split = 0;
		while (dot_next(d, &rest, &run))
			buf_put(out, run);
		in = span_skip(in, part.n - rest.n);
	}
	*left = in;
}

static bool
matches(const struct sample *s, const struct dot *d, const struct buf *out,
    struct span left)
{
	return span_eq(buf_span(out), s->out) && span_eq(left, s->left) &&
	    d->ended == s->ended && d->bare_cr == s->cr &&
	    d->bare_lf == s->lf && d->nul == s->nul &&
	    d->longest == s->longest;
}

static void
test_sample(const struct sample *s, struct buf *out)
{
	struct span left;
	struct dot d;
	bool same = true;

	decode(s->in, 0, s->in.n, &d, out, &left);
	is_span(buf_span(out), s->out, s->name);
	is_span(left, s->left, s->name);
	ok(matches(s, &d, out, left), s->name);
	for (size_t i = 1; i < s->in.n; i++) {
		decode(s->in, i, s->in.n, &d, out, &left);
		same &= matches(s, &d, out, left);
	}
	decode(s->in, 0, 1, &d, out, &left);
	same &= matches(s, &d, out, left);
	ok(same, "the same however it is split");
}

/* RFC 3030 2: where the end is counted, dots mean nothing; the last line gets
 * the end that it lacks. */
static const struct {
	const char *in, *out; /* out NULL: faulty */
} plain[] = {
    {"", ""},
    {"a\r\n", "a\r\n"},
    {"a", "a\r\n"},
    {".\r\n", ".\r\n"},
    {"..a\r\n.b", "..a\r\n.b\r\n"},
    {"a\r\n.\r\nb\r\n", "a\r\n.\r\nb\r\n"},
    {"\r\n.\r\n.", "\r\n.\r\n.\r\n"},
    {"a\r", NULL},
    {"a\r\n\r", NULL},
    {"a\n", NULL},
    {"a\rb\r\n", NULL},
};

static void
test_plain(struct buf *out)
{
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
		for (size_t step = 1; step < 5; step++) {
			struct dot d = {.plain = true};
			struct span s = span_of(plain[i].in), run;

			buf_reset(out);
			while (s.n > 0) {
				struct span piece = span_head(s, step);

				s = span_skip(s, piece.n);
				while (dot_next(&d, &piece, &run))
					buf_put(out, run);
			}
			ok(!d.ended, "nothing ends it");
			buf_put(out, dot_finish(&d));
			ok(d.ended, "but being told");
			ok((d.bare_cr || d.bare_lf) == (plain[i].out == NULL),
			    "faults are seen");
			if (plain[i].out != NULL)
				is_span(buf_span(out), span_of(plain[i].out),
				    "each octet of it");
		}
	}
}

int
main(void)
{
	struct buf out = {0};

	test_plain(&out);
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
		test_sample(&samples[i], &out);
	buf_free(&out);
	return done_testing();
}
