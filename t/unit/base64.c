/* RFC 4648: the test vectors of section 10, and what a strict decoder
 * refuses. */
#include "base64.h"
#include "tap.h"

static const struct {
	struct span plain, coded;
} pairs[] = {
#define P(plain, coded) {SPAN_LIT(plain), SPAN_LIT(coded)}
    P("", ""),
    P("f", "Zg=="),
    P("fo", "Zm8="),
    P("foo", "Zm9v"),
    P("foob", "Zm9vYg=="),
    P("fooba", "Zm9vYmE="),
    P("foobar", "Zm9vYmFy"),
    P("\0user\0pass", "AHVzZXIAcGFzcw=="),
    P("\xff\xfe\xfd", "//79"),
    P("\xfb\xef\xbe", "++++"),
    P("\0\0\0\0", "AAAAAA=="),
};

static const struct span bad[] = {
    SPAN_LIT("Z"), SPAN_LIT("Zg"), SPAN_LIT("Zg="), SPAN_LIT("Zg==="),
    SPAN_LIT("===="), SPAN_LIT("Z==="), SPAN_LIT("Zg=a"), SPAN_LIT("=Zg="),
    SPAN_LIT("Zg==Zg=="), SPAN_LIT("Zg==\r\n"), SPAN_LIT("Zm 9v"),
    SPAN_LIT(" Zm9v"), SPAN_LIT("Zm9v "), SPAN_LIT("Zm\r\n9v=="),
    SPAN_LIT("Zm9-"), SPAN_LIT("Zm9_"), SPAN_LIT("Zm9\0"), SPAN_LIT("*"),
    SPAN_LIT("Zm9\xff"),
    /* bits behind the last octet */
    SPAN_LIT("Zh=="), SPAN_LIT("Zm9="), SPAN_LIT("//=="),
};

static void
every_length(void)
{
	struct buf plain = {0}, coded = {0}, again = {0};
	int wrong = 0;

	for (unsigned n = 0; n < 600; n++) {
		buf_reset(&coded);
		buf_reset(&again);
		base64_encode(buf_span(&plain), &coded);
		wrong += coded.n != (plain.n + 2) / 3 * 4 ||
		    base64_decode(buf_span(&coded), &again) == -1 ||
		    !span_eq(buf_span(&plain), buf_span(&again));
		buf_putc(&plain, (char)(n * 167));
	}
	is_int(wrong, 0, "there and back, 0 to 599 octets");
	buf_free(&plain);
	buf_free(&coded);
	buf_free(&again);
}

int
main(void)
{
	struct buf b = {0};
	char name[64];

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		buf_reset(&b);
		buf_putc(&b, '>');
		base64_encode(pairs[i].plain, &b);
		is_span(span_skip(buf_span(&b), 1), pairs[i].coded, "encode");
		buf_reset(&b);
		buf_putc(&b, '>');
		is_int(base64_decode(pairs[i].coded, &b), 0, "decode");
		is_span(span_skip(buf_span(&b), 1), pairs[i].plain,
		    "... gives it back");
		ok(b.p[0] == '>', "... behind what was there");
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		buf_reset(&b);
		buf_puts(&b, "kept");
		snprintf(name, sizeof name, "refused: %.*s", SPAN_ARG(bad[i]));
		is_int(base64_decode(bad[i], &b), -1, name);
		is_span(buf_span(&b), SPAN("kept"), "... nothing added");
	}
	every_length();
	buf_free(&b);
	return done_testing();
}
