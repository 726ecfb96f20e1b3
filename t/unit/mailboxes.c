/* The addresses of From fields: RFC 5322 A.1's, odd ones, and what is none. */
#include "mailboxes.h"
#include "tap.h"

static struct arena arena;

static const struct {
	const char *value;
	const char *want; /* divided by blanks; "!" at the end: an error */
} lists[] = {
    {"joe@example.org", "joe@example.org"},
    {" John Doe <jdoe@machine.example>", "jdoe@machine.example"},
    {"\"Joe Q. Public\" <john.q.public@example.com>",
	"john.q.public@example.com"},
    {"Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
	"mary@x.test jdoe@example.org one@y.test"},
    {"<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>",
	"boss@nil.test sysservices@example.net"},
    {"A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;",
	"c@a.test joe@where.test jdoe@one.test"},
    {"Undisclosed recipients:;", ""},
    {"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
	"pete@silly.test"},
    {"Chris <c@public.example>,\r\n joe@example.org",
	"c@public.example joe@example.org"},
    {"Joe <@a.example,@b.example:joe@c.example>", "joe@c.example"},
    {"joe (a) . (b) q @ (c) Example . ORG", "joe.q@example.org"},
    {"\"joe q\"@example.org", "\"joe q\"@example.org"},
    {"joe@[192.0.2.1]", "joe@[192.0.2.1]"},
    {"a@b.example,, ,c@d.example,", "a@b.example c@d.example"},
    {"=?utf-8?q?J=C3=B6?= <j@b.example>", "j@b.example"},
    {"J\xc3\xb6 <j@b.example>", "j@b.example"},
    {"g: a@b.example; , h: c@d.example;", "a@b.example c@d.example"},
    {"Joe. Q. <j@b.example>", "j@b.example"},
    {"", ""},
    {"   ", ""},
    {"(nobody)", ""},
    /* errors */
    {"Joe joe@b.example", "!"},
    {"joe@b.example joe@c.example", "!"},
    {"joe", "!"},
    {"<>", "!"},
    {"Joe <>", "!"},
    {"<joe@b.example", "!"},
    {"joe@b.example>", "!"},
    {"<a@b.example> <c@d.example>", "!"},
    {"<a@b.example> c", "!"},
    {"<<a@b.example>>", "!"},
    {"<a@b.example,c@d.example>", "!"},
    {"<a@b.example:c@d.example>", "!"},
    {"(open a@b.example", "!"},
    {"\"open <a@b.example>", "!"},
    {"a@b.example;", "!"},
    {"g: a@b.example", "!"},
    {"g:", "!"},
    {"g: h: a@b.example;", "!"},
    {": a@b.example;", "!"},
    {"a@b.example, joe", "a@b.example !"},
    {"a\\@b.example", "!"},
    {"a@@b.example", "!"},
    {"a@b.example\x01", "!"},
    {"a@b..example", "!"},
    {"a@[open", "!"},
};

static void
check(struct span value, const char *want)
{
	struct mailboxes m = {value, false};
	struct address addr;
	struct buf got = {0};
	int r;

	while ((r = mailboxes_next(&m, &arena, &addr)) == 1) {
		if (got.n > 0)
			buf_putc(&got, ' ');
		buf_put(&got, addr.text);
	}
	if (r == -1)
		buf_puts(&got, got.n > 0 ? " !" : "!");
	is_span(buf_span(&got), span_of(want), want);
	buf_free(&got);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		check(span_of(lists[i].value), lists[i].want);
	check(span_make("a@b.example\0", 12), "!");
	check(span_make("a@b\0c.example", 13), "!");
	arena_free(&arena);
	return done_testing();
}
