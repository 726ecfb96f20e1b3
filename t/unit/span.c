/* Spans and buffers and arenas: the bytes everything else is made of. */
#include "arena.h"
#include "buf.h"
#include "tap.h"

static void
compare(void)
{
	ok(span_eq(SPAN("abc"), SPAN("abc")), "equal");
	ok(!span_eq(SPAN("abc"), SPAN("abd")), "not equal");
	ok(!span_eq(SPAN("abc"), SPAN("ab")), "a prefix is not equal");
	ok(span_eq(span_make(NULL, 0), SPAN("")), "empty without a pointer");
	ok(span_eq(SPAN("a\0b"), SPAN("a\0b")), "NUL is an octet");
	ok(!span_eq(SPAN("a\0b"), SPAN("a\0c")), "... and not the end");
	ok(span_ieq(SPAN("EXAMPLE.net"), SPAN("example.NET")), "case");
	ok(!span_ieq(SPAN("[x"), SPAN("{x")), "only letters have case");
	ok(!span_ieq(SPAN("\xc3\x84"), SPAN("\xc3\xa4")), "only ASCII has case");
	ok(!span_ieq(SPAN("ab"), SPAN("abc")), "lengths differ");
	ok(span_istarts(SPAN("RECEIVED: x"), SPAN("received:")), "istarts");
	ok(!span_istarts(SPAN("rec"), SPAN("received")), "istarts, too short");
	ok(span_istarts(SPAN("x"), SPAN("")), "istarts with nothing");
	ok(span_iends(SPAN("mail.EXAMPLE.org"), SPAN(".example.org")), "iends");
	ok(!span_iends(SPAN("org"), SPAN(".org")), "iends, too short");
}

static void
cut(void)
{
	struct span s = SPAN("a,,b"), t, none = span_make(NULL, 0);

	is_size(span_chr(SPAN("abcb"), 'b'), 1, "chr, first");
	is_size(span_rchr(SPAN("abcb"), 'b'), 3, "rchr, last");
	is_size(span_chr(SPAN("abc"), 'x'), 3, "chr, none");
	is_size(span_rchr(SPAN("abc"), 'x'), 3, "rchr, none");
	is_size(span_chr(none, 'x'), 0, "chr of nothing");
	is_span(span_skip(SPAN("abc"), 2), SPAN("c"), "skip");
	is_span(span_skip(SPAN("abc"), 9), SPAN(""), "skip too far");
	is_span(span_head(SPAN("abc"), 2), SPAN("ab"), "head");
	is_span(span_head(SPAN("abc"), 9), SPAN("abc"), "head too far");
	is_span(span_trim(SPAN(" \ta b\t ")), SPAN("a b"), "trim");
	is_span(span_trim(SPAN(" \t ")), SPAN(""), "trim all");

	ok(span_cut(&s, ',', &t), "cut 1");
	is_span(t, SPAN("a"), "... a");
	ok(span_cut(&s, ',', &t), "cut 2");
	is_span(t, SPAN(""), "... empty");
	ok(span_cut(&s, ',', &t), "cut 3");
	is_span(t, SPAN("b"), "... b");
	ok(!span_cut(&s, ',', &t), "cut at the end");
	ok(!span_cut(&s, ',', &t), "... and again");
	s = SPAN("");
	ok(span_cut(&s, ',', &t), "the empty span has one token");
	ok(!span_cut(&s, ',', &t), "... and no second");
	s = SPAN("a,");
	ok(span_cut(&s, ',', &t) && span_cut(&s, ',', &t) && t.n == 0,
	    "a trailing separator gives an empty token");

	s = SPAN("  MAIL \t FROM:<> ");
	ok(span_word(&s, &t), "word 1");
	is_span(t, SPAN("MAIL"), "... MAIL");
	ok(span_word(&s, &t), "word 2");
	is_span(t, SPAN("FROM:<>"), "... FROM:<>");
	ok(!span_word(&s, &t), "no third");
	is_size(t.n, 0, "... and empty");
}

static void
ascii(void)
{
	int bad = 0;

	for (int i = 0; i < 256; i++) {
		char c = (char)i;
		bool upper = i >= 'A' && i <= 'Z';
		bool lower = i >= 'a' && i <= 'z';
		bool digit = i >= '0' && i <= '9';
		int hex = digit ? i - '0' :
		    i >= 'a' && i <= 'f' ? i - 'a' + 10 :
		    i >= 'A' && i <= 'F' ? i - 'A' + 10 : -1;

		if (ascii_lower(c) != (upper ? (char)(i + 32) : c) ||
		    ascii_isdigit(c) != digit ||
		    ascii_isalpha(c) != (upper || lower) ||
		    ascii_isalnum(c) != (upper || lower || digit) ||
		    ascii_hex(c) != hex) {
			diag("octet %d is classified wrongly", i);
			bad++;
		}
	}
	is_int(bad, 0, "every octet is classified as ASCII says");
}

static void
buffers(void)
{
	struct buf b = {0};

	is_span(buf_span(&b), SPAN(""), "a zeroed buffer is empty");
	is_str(buf_cstr(&b), "", "... as a C string too");
	buf_putc(&b, 'a');
	buf_puts(&b, "bc");
	buf_put(&b, SPAN("\0d"));
	buf_put(&b, span_make(NULL, 0));
	is_span(buf_span(&b), SPAN("abc\0d"), "put, puts, putc");
	buf_reset(&b);
	buf_putu(&b, 0);
	buf_putc(&b, ' ');
	buf_putu(&b, 18446744073709551615ull);
	is_str(buf_cstr(&b), "0 18446744073709551615", "putu");
	buf_reset(&b);
	buf_printf(&b, "%s-%d", "x", 7);
	is_str(buf_cstr(&b), "x-7", "printf");
	is_size(b.n, 3, "the NUL is not counted");
	buf_reset(&b);
	for (int i = 0; i < 100000; i++)
		buf_putc(&b, (char)('a' + i % 26));
	is_size(b.n, 100000, "grows");
	ok(b.p[99999] == (char)('a' + 99999 % 26), "... and keeps the bytes");
	buf_free(&b);
	ok(b.p == NULL && b.n == 0 && b.cap == 0, "free leaves an empty one");
}

static void
arenas(void)
{
	struct arena a = {0};
	struct span s;
	char *p, *q;
	int bad = 0;

	p = arena_alloc(&a, 1);
	q = arena_alloc(&a, 1);
	ok((uintptr_t)p % 16 == 0 && (uintptr_t)q % 16 == 0, "aligned");
	ok(q >= p + 1 || p >= q + 1, "apart");
	p = arena_zalloc(&a, 100);
	for (int i = 0; i < 100; i++)
		bad += p[i] != 0;
	is_int(bad, 0, "zalloc gives zeroes");
	s = arena_dup(&a, SPAN("hello"));
	is_span(s, SPAN("hello"), "dup");
	ok(s.p[5] == '\0', "... with a NUL behind it");
	is_span(arena_dup(&a, span_make(NULL, 0)), SPAN(""), "dup of nothing");
	is_str(arena_cstr(&a, span_head(SPAN("abc"), 2)), "ab", "cstr");
	is_span(arena_printf(&a, "%d/%s", 3, "x"), SPAN("3/x"), "printf");
	p = arena_alloc(&a, 1 << 20);
	memset(p, 'x', 1 << 20);
	is_span(s, SPAN("hello"), "a large piece leaves the others alone");
	ok(a.used > 1 << 20, "used counts");
	arena_reset(&a);
	is_size(a.used, 0, "reset");
	s = arena_dup(&a, SPAN("again"));
	is_span(s, SPAN("again"), "useful after a reset");
	arena_free(&a);
	ok(a.blocks == NULL && a.used == 0, "free leaves an empty one");
	arena_reset(&a);
	ok(a.blocks == NULL, "reset of an empty one");
	p = arena_alloc(&a, 1 << 20);
	memset(p, 'x', 1 << 20);
	arena_reset(&a);
	ok(a.blocks == NULL, "reset gives a large first block back");
	arena_free(&a);
}

int
main(void)
{
	compare();
	cut();
	ascii();
	buffers();
	arenas();
	return done_testing();
}
