/* Header fields, whole and as they go by. */
#include "buf.h"
#include "header.h"
#include "tap.h"

static struct arena arena;

static void
next(void)
{
	struct span s = SPAN("From: a@b\r\n"
			     "Subject : one\r\n two\r\n\tthree\r\n"
			     "X:\r\n"
			     "Y: a\rb\r\r\n"
			     "\r\n"
			     "Not: header\r\n");
	struct header_field f;

	is_size(header_length(s), s.n - 15, "length, without the empty line");
	ok(header_next(&s, &f), "a field");
	is_span(f.name, SPAN("From"), "... name");
	is_span(f.value, SPAN(" a@b"), "... value");
	is_span(f.whole, SPAN("From: a@b\r\n"), "... whole");
	ok(header_next(&s, &f), "a folded field");
	is_span(f.name, SPAN("Subject"), "... blanks before the colon");
	is_span(f.value, SPAN(" one\r\n two\r\n\tthree"), "... value");
	is_span(f.whole, SPAN("Subject : one\r\n two\r\n\tthree\r\n"),
	    "... whole");
	is_span(header_unfold(f.value, &arena), SPAN("one two\tthree"),
	    "... unfolded");
	ok(header_next(&s, &f), "an empty field");
	is_span(f.value, SPAN(""), "... value");
	ok(header_next(&s, &f), "a field with bare CRs");
	is_span(f.value, SPAN(" a\rb\r"), "... value");
	ok(!header_next(&s, &f), "the empty line ends it");
	is_span(s, SPAN("\r\nNot: header\r\n"), "... and stays");
}

static const struct {
	struct span message;
	size_t length;
	unsigned received;
	size_t longest;
	bool done;
	const char *name;
} scans[] = {
#define S(message, length, received, longest, done, name)                     \
	{SPAN_LIT(message), length, received, longest, done, name}
    S("", 0, 0, 0, false, "nothing"),
    S("\r\nbody", 0, 0, 0, true, "only a body"),
    S("\r", 0, 0, 0, true, "a CR"),
    S("hello", 0, 0, 0, false, "no colon yet"),
    S("hello world\r\n", 0, 0, 0, true, "no field"),
    S(": x\r\n", 0, 0, 0, true, "no name"),
    S(" x: y\r\n", 0, 0, 0, true, "a fold of nothing"),
    S("\xc3\xbc: y\r\n", 0, 0, 0, true, "a name is ASCII"),
    S("a\0b: y\r\n", 0, 0, 0, true, "no NUL in a name"),
    S("A:", 2, 0, 2, false, "the shortest field"),
    S("A: b\r\n", 6, 0, 6, false, "one field"),
    S("A: b\r\n\r\nC: d\r\n", 6, 0, 6, true, "one field and a body"),
    S("A: b\r\n c\r\nD: e\r\n\r\n", 16, 0, 10, true, "a fold"),
    S("A: b\r\n \r\n\t\r\nD: e\r\n", 18, 0, 12, false, "folds of blanks"),
    S("A: b\r\nFrom me\r\nC: d\r\n", 6, 0, 6, true, "ends at no field"),
    S("A: b\r\nabc", 6, 0, 6, false, "... perhaps"),
    S("A: b\rC: d\r\n", 11, 0, 11, false, "a bare CR ends nothing"),
    S("A: b\nReceived: d\r\n", 18, 0, 18, false, "nor does a bare LF"),
    S("A: b\r\r\nC: d\r\n", 13, 0, 7, false, "two CRs and LF"),
    S("Received: a\r\nRECEIVED:b\r\nreceived \t: c\r\n", 40, 3, 15, false,
	"Received in any case"),
    S("X-Received: a\r\nReceived-SPF: b\r\nReceive: c\r\nReceivedx: d\r\n",
	58, 0, 17, false, "what is not Received"),
    S("A: b\r\n Received: c\r\nReceived\r\n", 20, 0, 20, true,
	"Received in a fold, and without a colon"),
    S("A:\r\nReceived:\r\n\r\nReceived: x\r\n", 15, 1, 11, true,
	"Received in the body"),
};

static void
scan(void)
{
	char name[100];

	for (size_t i = 0; i < sizeof scans / sizeof *scans; i++) {
		struct span m = scans[i].message;
		unsigned differ = 0;
		struct header_scan whole = {0};

		header_scan(&whole, m);
		snprintf(name, sizeof name, "%s: length", scans[i].name);
		is_size(header_length(m), scans[i].length, name);
		is_size(whole.block, scans[i].length, "... as it goes by");
		is_int(whole.received, scans[i].received, "... Received");
		is_size(whole.longest, scans[i].longest, "... longest");
		is_int(whole.done, scans[i].done, "... done");
		for (size_t a = 0; a <= m.n; a++)
			for (size_t b = a; b <= m.n; b++) {
				struct header_scan h = {0};

				header_scan(&h, span_head(m, a));
				header_scan(&h,
				    span_head(span_skip(m, a), b - a));
				header_scan(&h, span_skip(m, b));
				differ += h.block != whole.block ||
				    h.field != whole.field ||
				    h.longest != whole.longest ||
				    h.received != whole.received ||
				    h.done != whole.done;
			}
		is_int(differ, 0, "... the same in any three parts");
	}
}

static void
limits(void)
{
	struct header_scan h = {0};
	char block[4096];

	memset(block, 'x', sizeof block);
	header_scan(&h, SPAN("A:"));
	for (int i = 0; i < 1000; i++)
		header_scan(&h, span_make(block, sizeof block));
	is_size(h.field, 4096002, "the field is counted while it comes");
	is_size(h.longest, 4096002, "... and the longest");
	is_size(h.block, 4096002, "... and the block");
	h = (struct header_scan){0};
	for (int i = 0; i < 1000; i++)
		header_scan(&h, span_make(block, sizeof block));
	is_size(h.field, 4096000, "a name without end is counted as a field");
	ok(!h.done, "... and may still become one");
}

static void
eight_bit(void)
{
	static const struct {
		const char *text;
		bool want;
	} samples[] = {
	    {"A: b\r\nC: d\r\n\r\n\xc3\xb6\r\n", false},
	    {"A: b\xc3\xb6\r\n\r\n", true},
	    {"A: b\r\n \xe4\r\n", true},
	    {"A: b\r\nno field \xe4\r\n", false},
	    {"\xe4: b\r\n\r\n", false},
	};

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct span s = span_of(samples[i].text);
		struct header_scan whole = {0}, octets = {0};

		header_scan(&whole, s);
		for (size_t k = 0; k < s.n; k++)
			header_scan(&octets, span_make(s.p + k, 1));
		ok(whole.eight_bit == samples[i].want, "octets beyond ASCII");
		ok(octets.eight_bit == whole.eight_bit, "... one by one");
	}
}

static void
unfold(void)
{
	is_span(header_unfold(SPAN(""), &arena), SPAN(""), "unfold nothing");
	is_span(header_unfold(SPAN(" a \r\n \r\n"), &arena), SPAN("a"),
	    "unfold and trim");
	is_span(header_unfold(SPAN("a\rb\nc\r\nd\0e"), &arena),
	    SPAN("a b c  d\0e"), "no line end is left");
	is_span(header_unfold(SPAN("a\r\n\r\n b"), &arena), SPAN("a   b"),
	    "... of any kind");
}

int
main(void)
{
	next();
	scan();
	limits();
	eight_bit();
	unfold();
	arena_free(&arena);
	return done_testing();
}
