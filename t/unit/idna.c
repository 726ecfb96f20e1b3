/* idna: RFC 3492 7.1's samples, and names with and without them. */
#include "idna.h"
#include "tap.h"

static const struct {
	const char *name, *ascii;
} good[] = {
    {"", ""},
    {"Mail.Example.ORG", "mail.example.org"},
    {"example.org.", "example.org."},
    {"xn--bcher-kva.example", "xn--bcher-kva.example"},
    {"b\303\274cher.Example", "xn--bcher-kva.example"},
    {"\303\274.\303\274", "xn--tda.xn--tda"},
    {"faß.de", "xn--fa-hia.de"},
    {"点看", "xn--3pxu8k"},
    {"παράδειγμα.δοκιμή",
	"xn--hxajbheg2az3al.xn--jxalpdlp"},
    /* RFC 3492 7.1 (A), (B), (F), (L) */
    {"ليهمابتكلموشعربي؟", "xn--egbpdaj6bu4bxfgehfvwxn"},
    {"他们为什么不说中文", "xn--ihqwcrb4cv8a8dqg056pqjye"},
    {"почемужеонинеговорятпорусски",
	"xn--b1abfaaepdrnnbgefbadotcwatmq2g4l"},
    {"3年B組金八先生", "xn--3b-ww4c5e180e575a65lsy2b"},
    {"\360\237\222\251.la", "xn--ls8h.la"},
};

int
main(void)
{
	struct buf b = {0};
	char longest[200];

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		buf_reset(&b);
		ok(idna_to_ascii(span_of(good[i].name), &b) == 0,
		    good[i].ascii);
		is_str(buf_cstr(&b), good[i].ascii, "as it should be");
	}
	buf_reset(&b);
	buf_puts(&b, "before");
	is_int(idna_to_ascii(SPAN("a.\377.b"), &b), -1, "not UTF-8");
	is_int(idna_to_ascii(SPAN("a.\303"), &b), -1, "half a character");
	for (size_t i = 0; i + 1 < sizeof longest; i += 2)
		memcpy(longest + i, i % 4 ? "\303\274" : "\316\261", 2);
	is_int(idna_to_ascii(span_make(longest, sizeof longest), &b), -1,
	    "a label that becomes too long");
	is_span(buf_span(&b), SPAN("before"), "nothing is left of it");
	ok(idna_to_ascii(span_make(longest, 20), &b) == 0, "a shorter one");
	buf_free(&b);
	return done_testing();
}
