/* Replies: what a script may write, and what goes over the wire. */
#include "reply.h"
#include "tap.h"

static struct buf store;
static struct buf out;

static const struct {
	struct span in;
	int code;
	struct span text;
	struct span wire;
} good[] = {
#define G(in, code, text, wire)                                               \
	{SPAN_LIT(in), code, SPAN_LIT(text), SPAN_LIT(wire)}
    G("250 ok", 250, "ok", "250 ok\r\n"),
    G("250 ok\r\n", 250, "ok", "250 ok\r\n"),
    G("250", 250, "", "250 \r\n"),
    G("250 ", 250, "", "250 \r\n"),
    G("250-", 250, "", "250 \r\n"),
    G("250-ok", 250, "ok", "250 ok\r\n"),
    G("550 5.7.1 no", 550, "5.7.1 no", "550 5.7.1 no\r\n"),
    G("250-a\r\n250 b", 250, "a\nb", "250-a\r\n250 b\r\n"),
    G("250 a\r\n250 b", 250, "a\nb", "250-a\r\n250 b\r\n"),
    G("250-a\r\n250-b\r\n", 250, "a\nb", "250-a\r\n250 b\r\n"),
    G("250 a\r\n250\r\n250-c", 250, "a\n\nc", "250-a\r\n250-\r\n250 c\r\n"),
    G("250\r\n250", 250, "\n", "250-\r\n250 \r\n"),
    G("200 x", 200, "x", "200 x\r\n"),
    G("599 x", 599, "x", "599 x\r\n"),
    G("334 dXNlcg==", 334, "dXNlcg==", "334 dXNlcg==\r\n"),
    G("250 a\tb", 250, "a\tb", "250 a\tb\r\n"),
    G("250  two", 250, " two", "250  two\r\n"),
    G("250 \xc3\xbc", 250, "\xc3\xbc", "250 \xc3\xbc\r\n"),
};

static const struct {
	struct span in;
	const char *why;
} bad[] = {
#define B(in, why) {SPAN_LIT(in), why}
    B("", "no code of 200 to 599"),
    B("\r\n", "no code of 200 to 599"),
    B("ok", "no code of 200 to 599"),
    B("25", "no code of 200 to 599"),
    B(" 250 ok", "no code of 200 to 599"),
    B("199 x", "no code of 200 to 599"),
    B("600 x", "no code of 200 to 599"),
    B("000 x", "no code of 200 to 599"),
    B("-50 x", "no code of 200 to 599"),
    B("2501 x", "no space or '-' after the code"),
    B("250x", "no space or '-' after the code"),
    B("250\tx", "no space or '-' after the code"),
    B("250-a\r\n550 b", "codes differ"),
    B("250 a\r\n251 b", "codes differ"),
    B("250-a\r\nb", "no code of 200 to 599"),
    B("250-a\r\n\r\n250 b", "no code of 200 to 599"),
    B("250 a\r\n\r\n", "no code of 200 to 599"),
    B("250 a\n", "bare CR or LF"),
    B("250 a\r", "bare CR or LF"),
    B("250 a\n250 b", "bare CR or LF"),
    B("250 a\r250 b", "bare CR or LF"),
    B("250 a\r\r\n250 b", "bare CR or LF"),
    B("250 a\n\r\n", "bare CR or LF"),
    B("\n250 a", "bare CR or LF"),
    B("250 a\0b", "control character"),
    B("250 a\0", "control character"),
    B("250 a\033[2J", "control character"),
    B("250 a\177", "control character"),
    B("250 a\b", "control character"),
};

static void
parse(void)
{
	struct reply r;
	char name[100];

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		snprintf(name, sizeof name, "taken %zu: %.*s", i,
		    SPAN_ARG(good[i].in));
		r = (struct reply){1, "x", SPAN("old"), true};
		is_str(reply_parse(good[i].in, &store, &r), NULL, name);
		is_int(r.code, good[i].code, "... code");
		is_span(r.text, good[i].text, "... text");
		is_str(r.enhanced, NULL, "... no enhanced code");
		ok(!r.drop, "... no drop");
		buf_reset(&out);
		reply_format(r, &out);
		is_span(buf_span(&out), good[i].wire, "... on the wire");
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(name, sizeof name, "refused %zu: %.*s", i,
		    SPAN_ARG(bad[i].in));
		is_str(reply_parse(bad[i].in, &store, &r), bad[i].why, name);
	}
}

/* "250 " and n octets, times lines, with CRLFs between. */
static struct span
lines(size_t n, size_t times)
{
	static struct buf b;

	buf_reset(&b);
	for (size_t i = 0; i < times; i++) {
		if (i > 0)
			buf_puts(&b, "\r\n");
		buf_puts(&b, "250 ");
		for (size_t k = 0; k < n; k++)
			buf_putc(&b, 'x');
	}
	return buf_span(&b);
}

static void
limits(void)
{
	struct reply r;
	struct span s;

	is_str(reply_parse(lines(994, 1), &store, &r), NULL, "line of 998");
	is_size(r.text.n, 994, "... whole");
	is_str(reply_parse(lines(995, 1), &store, &r), "line too long",
	    "line of 999");
	is_str(reply_parse(lines(994, 65), &store, &r), NULL, "64998 octets");
	is_str(reply_parse(lines(994, 66), &store, &r), "too long",
	    "65998 octets");
	s = lines(0, 10922); /* 6 each, the last without CRLF: 65530 */
	is_str(reply_parse(s, &store, &r), NULL, "many short lines");
	s = lines(0, 10923);
	is_size(s.n, REPLY_MAX, "as much as there may be");
	is_str(reply_parse(s, &store, &r), NULL, "... is taken");
}

static void
wire(struct reply r, const char *want, const char *name)
{
	buf_reset(&out);
	reply_format(r, &out);
	is_span(buf_span(&out), span_of(want), name);
}

static void
format(void)
{
	wire(REPLY(250, "2.1.0", "ok"), "250 2.1.0 ok\r\n", "one line");
	wire(REPLY(250, NULL, "a\nb"), "250-a\r\n250 b\r\n", "two lines");
	wire(REPLY(550, "5.7.1", "a\nb"),
	    "550-5.7.1 a\r\n550 5.7.1 b\r\n", "enhanced in each line");
	wire(REPLY(250, NULL, "a\n"), "250-a\r\n250 \r\n", "a last empty line");
	wire(REPLY(250, NULL, ""), "250 \r\n", "no text");
	wire((struct reply){.code = 250}, "250 \r\n", "no text at all");
	wire(REPLY(250, "2.0.0", ""), "250 2.0.0 \r\n", "only enhanced");
	wire(REPLY_NONE, "451 \r\n", "no opinion is temporary trouble");
	wire(REPLY(199, NULL, "x"), "451 x\r\n", "a code that is none");
	wire(REPLY(1000, NULL, "x"), "451 x\r\n", "... too large");
	wire(REPLY(-250, NULL, "x"), "451 x\r\n", "... negative");
	wire(REPLY(354, "2.0.0", "go"), "354 go\r\n", "no enhanced with 3xx");
	wire(REPLY(550, "2.0.0", "x"), "550 x\r\n", "enhanced of another class");
	wire(REPLY(550, "5.1", "x"), "550 x\r\n", "enhanced that is none");
	wire(REPLY(550, "5.1.1\r\n250 x", "x"), "550 x\r\n",
	    "enhanced that is an attack");
	wire(REPLY(250, NULL, "a\r\nb"), "250-a?\r\n250 b\r\n", "CR");
	wire((struct reply){250, NULL, SPAN("a\0b\033c\177d\te"), false},
	    "250 a?b?c?d\te\r\n", "controls");
}

static void
breaking(void)
{
	static char text[2500];
	struct reply r = {250, "2.0.0", span_make(text, sizeof text), false};
	struct span rest, line;
	size_t n = 0;
	bool short_enough = true;

	memset(text, 'x', sizeof text);
	buf_reset(&out);
	reply_format(r, &out);
	rest = buf_span(&out);
	while (span_cut(&rest, '\n', &line) && rest.p != NULL) {
		n++;
		short_enough = short_enough && line.n <= REPLY_LINE_MAX + 1;
		ok(span_istarts(line, rest.n ? SPAN("250-2.0.0 x") :
					       SPAN("250 2.0.0 x")),
		    "a broken line begins well");
	}
	ok(short_enough, "no line is too long");
	is_size(n, 3, "as few lines as possible");
	is_size(out.n, sizeof text + 3 * 12, "nothing is lost");

	/* A character that would be cut goes to the next line whole. */
	memcpy(text + 993, "\xf0\x9f\x98\x80", 4);
	r = (struct reply){250, NULL, span_make(text, 1000), false};
	buf_reset(&out);
	reply_format(r, &out);
	is_span(span_head(span_skip(buf_span(&out), 4 + 992), 12),
	    SPAN("x\r\n250 \xf0\x9f\x98\x80x"), "a character stays whole");
	/* What is no UTF-8 is cut anywhere. */
	memset(text, 0x80, sizeof text);
	r = (struct reply){250, NULL, span_make(text, 1000), false};
	buf_reset(&out);
	reply_format(r, &out);
	is_size(out.n, 1000 + 2 * 6, "octets that are no character");
}

static void
enhanced(void)
{
	ok(reply_enhanced_valid(SPAN("2.0.0")), "2.0.0");
	ok(reply_enhanced_valid(SPAN("4.7.999")), "4.7.999");
	ok(reply_enhanced_valid(SPAN("5.100.10")), "5.100.10");
	ok(!reply_enhanced_valid(SPAN("")), "empty");
	ok(!reply_enhanced_valid(SPAN("3.0.0")), "class 3");
	ok(!reply_enhanced_valid(SPAN("5.0")), "two parts");
	ok(!reply_enhanced_valid(SPAN("5.0.0.0")), "four parts");
	ok(!reply_enhanced_valid(SPAN("5.0.")), "an empty part");
	ok(!reply_enhanced_valid(SPAN("5..0")), "... in the middle");
	ok(!reply_enhanced_valid(SPAN("5.01.0")), "a leading zero");
	ok(!reply_enhanced_valid(SPAN("55.1.0")), "class of two digits");
	ok(!reply_enhanced_valid(SPAN("5.1000.0")), "four digits");
	ok(!reply_enhanced_valid(SPAN("5.1.1 ")), "a blank");
	ok(!reply_enhanced_valid(SPAN("\0.1.1")), "NUL");
	is_str(reply_enhanced_default(250), "2.0.0", "2xx");
	is_str(reply_enhanced_default(451), "4.3.0", "4xx");
	is_str(reply_enhanced_default(554), "5.0.0", "5xx");
	is_str(reply_enhanced_default(354), NULL, "3xx has none");
	ok(reply_positive(REPLY(250, NULL, "")), "250 is positive");
	ok(!reply_positive(REPLY(354, NULL, "")), "354 is not");
}

int
main(void)
{
	parse();
	limits();
	format();
	breaking();
	enhanced();
	buf_free(&store);
	buf_free(&out);
	return done_testing();
}
