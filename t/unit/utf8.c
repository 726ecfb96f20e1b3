/*
 * utf8: what is well-formed, and what it becomes where only ASCII may stand.
 *
 * rfc: 3629 3, 6531 3.7.4
 */
#include "utf8.h"
#include "tap.h"

static const struct {
	struct span s;
	size_t length; /* of its first character, 0: none */
	unsigned point;
	struct span ascii;
} samples[] = {
    {SPAN_LIT("a"), 1, 'a', SPAN_LIT("a")},
    {SPAN_LIT("\xc2\x80"), 2, 0x80, SPAN_LIT("\\x{80}")},
    {SPAN_LIT("\xc3\xb6z"), 2, 0xf6, SPAN_LIT("\\x{F6}z")},
    {SPAN_LIT("\xdf\xbf"), 2, 0x7ff, SPAN_LIT("\\x{7FF}")},
    {SPAN_LIT("\xe0\xa0\x80"), 3, 0x800, SPAN_LIT("\\x{800}")},
    {SPAN_LIT("\xed\x9f\xbf"), 3, 0xd7ff, SPAN_LIT("\\x{D7FF}")},
    {SPAN_LIT("\xef\xbf\xbf"), 3, 0xffff, SPAN_LIT("\\x{FFFF}")},
    {SPAN_LIT("\xf0\x90\x80\x80"), 4, 0x10000, SPAN_LIT("\\x{10000}")},
    {SPAN_LIT("\xf4\x8f\xbf\xbf"), 4, 0x10ffff, SPAN_LIT("\\x{10FFFF}")},
    {SPAN_LIT("\x80"), 0, 0, SPAN_LIT("?")},
    {SPAN_LIT("\xc0\xaf"), 0, 0, SPAN_LIT("??")},
    {SPAN_LIT("\xc3"), 0, 0, SPAN_LIT("?")},
    {SPAN_LIT("\xc3(\xc3\xa4"), 0, 0, SPAN_LIT("?(\\x{E4}")},
    {SPAN_LIT("\xe0\x9f\xbf"), 0, 0, SPAN_LIT("???")},
    {SPAN_LIT("\xed\xa0\x80"), 0, 0, SPAN_LIT("???")},
    {SPAN_LIT("\xf4\x90\x80\x80"), 0, 0, SPAN_LIT("????")},
    {SPAN_LIT("\xff\xfe"), 0, 0, SPAN_LIT("??")},
};

int
main(void)
{
	struct buf b = {0};

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct span s = samples[i].s;
		size_t n = utf8_length(s);

		is_size(n, samples[i].length, "its first character");
		if (n > 0)
			is_int(utf8_point(s, n), samples[i].point, "is this");
		else
			ok(!utf8_valid(s), "is none");
		buf_reset(&b);
		utf8_put_ascii(&b, s);
		is_span(buf_span(&b), samples[i].ascii, "in ASCII");
		ok(!utf8_needed(buf_span(&b)), "which it is");
	}
	is_size(utf8_length(SPAN("")), 0, "nothing has no character");
	ok(utf8_valid(SPAN("")), "and is well-formed");
	buf_free(&b);
	return done_testing();
}
