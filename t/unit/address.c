/* RFC 5321 4.1.2 and 4.1.3, RFC 6531 3.3: what is an address, and its one
 * spelling. */
#include "address.h"
#include "buf.h"
#include "tap.h"

#define X10(s) s s s s s s s s s s

static struct arena arena;

static const struct good {
	struct span in, text, local, domain, plain, rest;
	unsigned flags;
	bool literal, utf8;
} good[] = {
#define G(in, local, domain, plain)                                           \
	{SPAN_LIT(in), SPAN_LIT(local "@" domain), SPAN_LIT(local),           \
	    SPAN_LIT(domain), SPAN_LIT(plain), SPAN_LIT(""), 0, false, false}
#define REST(in, rest)                                                        \
	{SPAN_LIT(in), SPAN_LIT("a@b.c"), SPAN_LIT("a"), SPAN_LIT("b.c"),     \
	    SPAN_LIT("a"), SPAN_LIT(rest), 0, false, false}
#define WIDE(in, local, domain)                                               \
	{SPAN_LIT("<" in ">"), SPAN_LIT(local "@" domain), SPAN_LIT(local),   \
	    SPAN_LIT(domain), SPAN_LIT(local), SPAN_LIT(""), 0, false, true}
#define LITERAL(in, domain)                                                   \
	{SPAN_LIT("<a@" in ">"), SPAN_LIT("a@" domain), SPAN_LIT("a"),        \
	    SPAN_LIT(domain), SPAN_LIT("a"), SPAN_LIT(""), 0, true, false}
#define ALONE(in, flag, out)                                                  \
	{SPAN_LIT(in), SPAN_LIT(out), SPAN_LIT(out), SPAN_LIT(""),            \
	    SPAN_LIT(out), SPAN_LIT(""), flag, false, false}
    G("<joe@example.org>", "joe", "example.org", "joe"),
    G("<Joe.Doe@Example.ORG>", "Joe.Doe", "example.org", "Joe.Doe"),
    G("   <a@b>", "a", "b", "a"),
    G("a@b.c", "a", "b.c", "a"),
    G(" a@b.c", "a", "b.c", "a"),
    G("<a@1.2.3.4>", "a", "1.2.3.4", "a"),
    G("<a@_dmarc.x-y.z>", "a", "_dmarc.x-y.z", "a"),
    G("<!#$%&'*+-/=?^_`{|}~.1@x>", "!#$%&'*+-/=?^_`{|}~.1", "x",
	"!#$%&'*+-/=?^_`{|}~.1"),
    G("<prvs=x=joe+tag@x>", "prvs=x=joe+tag", "x", "prvs=x=joe+tag"),
    /* quotes go where they are not needed */
    G("<\"joe\"@x>", "joe", "x", "joe"),
    G("<\"joe.doe\"@x>", "joe.doe", "x", "joe.doe"),
    G("<\"j\\o\\e\"@x>", "joe", "x", "joe"),
    G("<\"joe doe\"@x>", "\"joe doe\"", "x", "joe doe"),
    G("<\"joe\\ doe\"@x>", "\"joe doe\"", "x", "joe doe"),
    G("<\"a\\\"b\"@x>", "\"a\\\"b\"", "x", "a\"b"),
    G("<\"a\\\\b\"@x>", "\"a\\\\b\"", "x", "a\\b"),
    G("<\"a@b\"@x>", "\"a@b\"", "x", "a@b"),
    G("<\"<a>,:;()[]\"@x>", "\"<a>,:;()[]\"", "x", "<a>,:;()[]"),
    G("<\"a..b\"@x>", "\"a..b\"", "x", "a..b"),
    G("<\".a\"@x>", "\".a\"", "x", ".a"),
    G("<\"a.\"@x>", "\"a.\"", "x", "a."),
    G("<\"\"@x>", "\"\"", "x", ""),
    G("<\"\\\"\\\"\"@x>", "\"\\\"\\\"\"", "x", "\"\""),
    G("\"a b\"@x", "\"a b\"", "x", "a b"),
    /* source routes are read and dropped */
    G("<@r.example:joe@x>", "joe", "x", "joe"),
    G("<@r.example,@s.example:joe@x>", "joe", "x", "joe"),
    G("<@r:\"a:b\"@x>", "\"a:b\"", "x", "a:b"),
    /* what follows */
    REST("<a@b.c> SIZE=12", " SIZE=12"),
    REST("<a@b.c>  ", "  "),
    REST("a@b.c SIZE=12", " SIZE=12"),
    /* literals */
    LITERAL("[192.0.2.1]", "[192.0.2.1]"),
    LITERAL("[IPv6:2001:DB8:0:0::1]", "[ipv6:2001:db8::1]"),
    LITERAL("[ipV6:::1]", "[ipv6:::1]"),
    LITERAL("[IPv6:::]", "[ipv6:::]"),
    LITERAL("[IPv6:::ffff:192.0.2.1]", "[192.0.2.1]"),
    LITERAL("[IPv6:2001:db8:1111:2222:3333:4444:5555:6666]",
	"[ipv6:2001:db8:1111:2222:3333:4444:5555:6666]"),
    LITERAL("[IPv6:0000:0000:0000:0000:0000:ffff:255.255.255.255]",
	"[255.255.255.255]"),
    /* UTF-8 */
    WIDE("j\xc3\xbcrgen@x", "j\xc3\xbcrgen", "x"),
    WIDE("\"j\xc3\xbcrgen\"@x", "j\xc3\xbcrgen", "x"),
    WIDE("a@B\xc3\x9c""CHER.example", "a", "b\xc3\x9c""cher.example"),
    WIDE("\xe7\x94\xa8@\xe4\xbe\x8b.\xe5\xb9\xbf", "\xe7\x94\xa8",
	"\xe4\xbe\x8b.\xe5\xb9\xbf"),
    WIDE("\xf0\x9f\x98\x80@x", "\xf0\x9f\x98\x80", "x"),
    /* without a domain */
    ALONE("<>", ADDRESS_NULL_OK, ""),
    ALONE("<Postmaster>", ADDRESS_POSTMASTER_OK, "postmaster"),
    ALONE("<\"POSTmaster\">", ADDRESS_POSTMASTER_OK, "postmaster"),
    ALONE("POSTMASTER", ADDRESS_POSTMASTER_OK, "postmaster"),
    G("<Postmaster@X>", "Postmaster", "x", "Postmaster"),
};

static void
accepted(void)
{
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		const struct good *g = &good[i];
		struct span rest = SPAN("none");
		struct address a, b;
		const char *wrong;
		char name[300];

		snprintf(name, sizeof name, "%.*s", SPAN_ARG(g->in));
		wrong = address_parse_path(g->in, g->flags, &arena, &a, &rest);
		is_str(wrong, NULL, name);
		if (wrong != NULL)
			continue;
		is_span(a.text, g->text, "... text");
		is_span(a.local, g->local, "... local part");
		is_span(a.domain, g->domain, "... domain");
		is_span(rest, g->rest, "... rest");
		is_span(address_local_plain(&a, &arena), g->plain,
		    "... plain local part");
		is_int(a.literal, g->literal, "... literal");
		is_int(a.utf8, g->utf8, "... utf8");
		if (a.domain.n == 0)
			continue;
		is_str(address_parse(a.text, &arena, &b), NULL, "... again");
		is_span(b.text, a.text, "... the same again");
	}
}

static const struct bad {
	struct span in;
	const char *why;
} bad[] = {
#define B(in, why) {SPAN_LIT(in), why}
    B("", "no address"),
    B("   ", "no address"),
    B("<>", "no address"),
    B("<", "bad local part"),
    B("<Postmaster>", "no domain"),
    B("joe", "no domain"),
    B("<joe>", "no domain"),
    B("<joe@>", "no domain"),
    B("joe@", "no domain"),
    B("<@x>", "bad source route"),
    B("<joe@x", "no closing bracket"),
    B("joe@x>", "bad domain"),
    B("<<joe@x>>", "bad local part"),
    B("<joe@x>x", "no space after the address"),
    B("<joe@x>SIZE=1", "no space after the address"),
    B("<joe@x>\t", "no space after the address"),
    B("\t<joe@x>", "bad local part"),
    /* local parts */
    B("<.joe@x>", "bad local part"),
    B("<joe.@x>", "bad local part"),
    B("<joe..doe@x>", "bad local part"),
    B("<joe doe@x>", "bad local part"),
    B("< joe@x>", "bad local part"),
    B("<joe @x>", "bad local part"),
    B("<joe(x)@x>", "bad local part"),
    B("<joe,doe@x>", "bad local part"),
    B("<joe:doe@x>", "bad local part"),
    B("<joe\\@doe@x>", "bad local part"),
    B("<\"joe@x>", "bad local part"),
    B("<\"joe\\", "bad local part"),
    B("<\"joe\"doe@x>", "bad local part"),
    B("<joe\"doe\"@x>", "bad local part"),
    B("<\"joe\".\"doe\"@x>", "bad local part"),
    B("<\"joe\" @x>", "bad local part"),
    /* octets that never pass, quoted or not */
    B("<a\0b@x>", "bad local part"),
    B("<a\rb@x>", "bad local part"),
    B("<a\nb@x>", "bad local part"),
    B("<a\tb@x>", "bad local part"),
    B("<a\177b@x>", "bad local part"),
    B("<\"a\0b\"@x>", "control character"),
    B("<\"a\rb\"@x>", "control character"),
    B("<\"a\nb\"@x>", "control character"),
    B("<\"a\tb\"@x>", "control character"),
    B("<\"a\\\0b\"@x>", "control character"),
    B("<\"a\\\nb\"@x>", "control character"),
    B("<\"a\177b\"@x>", "control character"),
    B("<a@x\0y>", "bad domain"),
    B("<a@x\ry>", "bad domain"),
    B("<a@x\ny>", "bad domain"),
    B("<a@x>\0", "no space after the address"),
    B("a@x\0", "bad domain"),
    /* domains */
    B("<a@x@y>", "bad domain"),
    B("<a@x y>", "bad domain"),
    B("<a@x.>", "bad domain"),
    B("<a@.x>", "bad domain"),
    B("<a@.>", "bad domain"),
    B("<a@x..y>", "bad domain"),
    B("<a@-x>", "bad domain"),
    B("<a@x->", "bad domain"),
    B("<a@x-.y>", "bad domain"),
    B("<a@x.-y>", "bad domain"),
    B("<a@x/y>", "bad domain"),
    B("<a@x|y>", "bad domain"),
    B("<a@\"x\">", "no domain"),
    B("<a@#1>", "no domain"),
    /* literals */
    B("<a@[]>", "bad address literal"),
    B("<a@[1.2.3]>", "bad address literal"),
    B("<a@[1.2.3.4>", "bad address literal"),
    B("<a@[1.2.3.4", "bad address literal"),
    B("<a@[", "bad address literal"),
    B("<a@[1.2.3.256]>", "bad address literal"),
    B("<a@[01.2.3.4]>", "bad address literal"),
    B("<a@[1.2.3.4]x>", "bad domain"),
    B("<a@[ 1.2.3.4]>", "bad address literal"),
    B("<a@[1.2.3.4\0]>", "bad address literal"),
    B("<a@[::1]>", "bad address literal"),
    B("<a@[IPv6:1.2.3.4]>", "bad address literal"),
    B("<a@[IPv6:]>", "bad address literal"),
    B("<a@[IPv6:fe80::1%eth0]>", "bad address literal"),
    B("<a@[IPv6:2001:db8::1::2]>", "bad address literal"),
    B("<a@[x400:c=de]>", "bad address literal"),
    B("<a@[IPv4:1.2.3.4]>", "bad address literal"),
    /* source routes */
    B("<@:a@x>", "bad source route"),
    B("<@r,:a@x>", "bad source route"),
    B("<@r,s:a@x>", "bad source route"),
    B("<@r @s:a@x>", "bad source route"),
    B("<@r..s:a@x>", "bad source route"),
    B("<@[1.2.3.4]:a@x>", "bad source route"),
    B("<@r:@s:a@x>", "bad local part"),
    B("<@r:>", "bad local part"),
    B("@r:a@x", "bad local part"),
    /* UTF-8 */
    B("<\xff@x>", "bad UTF-8"),
    B("<\xc3@x>", "bad UTF-8"),
    B("<\xc0\xaf@x>", "bad UTF-8"),
    B("<\xed\xa0\x80@x>", "bad UTF-8"),
    B("<\xf4\x90\x80\x80@x>", "bad UTF-8"),
    B("<\xc2\x85@x>", "bad UTF-8"),
    B("<\"\xc2\x9b\"@x>", "bad UTF-8"),
    B("<\"\\\xc3\xbc\"@x>", "bad local part"),
    B("<a@\xff>", "bad UTF-8"),
    B("<a@\xc2\x85>", "bad domain"),
    B("<a@\xe4\xbe>", "bad UTF-8"),
};

static void
refused(void)
{
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct span rest = SPAN("untouched");
		struct address a;
		char name[200], *copy;
		size_t n = bad[i].in.n;

		snprintf(name, sizeof name, "refused %zu: %.*s", i,
		    SPAN_ARG(bad[i].in));
		/* An exact copy, so that a sanitizer sees a step too far. */
		copy = malloc(n ? n : 1);
		if (n > 0)
			memcpy(copy, bad[i].in.p, n);
		is_str(address_parse_path(span_make(copy, n), 0, &arena, &a,
			   &rest),
		    bad[i].why, name);
		free(copy);
	}
	struct address a;
	struct span rest;

	is_str(address_parse_path(SPAN("<>"), ADDRESS_POSTMASTER_OK, &arena,
		   &a, &rest),
	    "no address", "the null path needs its flag");
	is_str(address_parse_path(SPAN("<Postmaster>"), ADDRESS_NULL_OK,
		   &arena, &a, &rest),
	    "no domain", "Postmaster needs its flag");
	is_str(address_parse_path(SPAN("<Postmasters>"), ADDRESS_POSTMASTER_OK,
		   &arena, &a, &rest),
	    "no domain", "only Postmaster goes without a domain");
}

static void
whole(void)
{
	struct address a;

	is_str(address_parse(SPAN("a@B"), &arena, &a), NULL, "a mailbox");
	is_span(a.text, SPAN("a@b"), "... in its one spelling");
	is_str(address_parse(SPAN(""), &arena, &a), "no address", "none");
	is_str(address_parse(SPAN("<a@b>"), &arena, &a), "bad local part",
	    "brackets");
	is_str(address_parse(SPAN("a@b "), &arena, &a), "bad domain",
	    "a blank behind");
	is_str(address_parse(SPAN(" a@b"), &arena, &a), "bad local part",
	    "a blank before");
	is_str(address_parse(SPAN("a@b\n"), &arena, &a), "bad domain",
	    "a line end behind");
	is_str(address_parse(SPAN("postmaster"), &arena, &a), "no domain",
	    "no domain");
}

/* local octets of c, "@", domain. */
static const char *
sized(size_t local, char c, const char *domain, struct address *a)
{
	static struct buf b;

	buf_reset(&b);
	if (c != 'a')
		buf_putc(&b, '"');
	for (size_t i = 0; i < local; i++) {
		if (c == '"')
			buf_putc(&b, '\\');
		buf_putc(&b, c);
	}
	if (c != 'a')
		buf_putc(&b, '"');
	buf_putc(&b, '@');
	buf_puts(&b, domain);
	return address_parse(buf_span(&b), &arena, a);
}

static void
limits(void)
{
#define L63 X10("x") X10("x") X10("x") X10("x") X10("x") X10("x") "xxx"
	static const char d255[] = L63 "." L63 "." L63 "." L63;
	struct address a;

	is_str(sized(64, 'a', "x", &a), NULL, "local part of 64");
	is_str(sized(256, 'a', "x", &a), NULL, "local part of 256");
	is_str(sized(257, 'a', "x", &a), "local part too long", "257");
	is_str(sized(100000, 'a', "x", &a), "local part too long", "100000");
	is_str(sized(254, ' ', "x", &a), NULL, "256 with quotes");
	is_str(sized(255, ' ', "x", &a), "local part too long",
	    "257 with quotes");
	is_str(sized(127, '"', "x", &a), NULL, "256 with escapes");
	is_str(sized(128, '"', "x", &a), "local part too long",
	    "258 with escapes");
	is_str(sized(1, 'a', L63, &a), NULL, "label of 63");
	is_str(sized(1, 'a', L63 "x", &a), "bad domain", "label of 64");
	is_str(sized(1, 'a', L63 "x.y", &a), "bad domain", "... the first");
	is_size(strlen(d255), 255, "a domain of 255 octets");
	is_str(sized(256, 'a', d255, &a), NULL, "... is taken");
	is_size(a.text.n, ADDRESS_MAX, "... and the longest address");
	is_str(sized(1, 'a', L63 "." L63 "." L63 "." L63 ".x", &a),
	    "domain too long", "domain of 257");
	is_str(sized(1, 'a',
		   X10(X10("\xe4\xbe\x8b")) "\xe4\xbe\x8b", &a),
	    "domain too long", "a wide domain counts octets");
	is_str(sized(1, 'a', X10("\xc3\xbc") X10("\xc3\xbc") X10("\xc3\xbc")
		       X10("\xc3\xbc") X10("\xc3\xbc") X10("\xc3\xbc")
		   "\xc3\xbc\xc3\xbc\xc3\xbc", &a),
	    NULL, "63 wide characters in a label");
	is_str(sized(1, 'a', X10("\xc3\xbc") X10("\xc3\xbc") X10("\xc3\xbc")
		       X10("\xc3\xbc") X10("\xc3\xbc") X10("\xc3\xbc")
		   "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc", &a),
	    "bad domain", "64 wide characters in a label");
}

static void
utf8(void)
{
	ok(utf8_valid(SPAN("")), "empty is UTF-8");
	ok(utf8_valid(SPAN("a\0b\177")), "ASCII is UTF-8");
	ok(utf8_valid(SPAN("\xc2\x80\xdf\xbf")), "two octets");
	ok(utf8_valid(SPAN("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf")),
	    "three octets");
	ok(utf8_valid(SPAN("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")), "four octets");
	ok(!utf8_valid(SPAN("\x80")), "a lone continuation");
	ok(!utf8_valid(SPAN("\xc1\xbf")), "overlong, two");
	ok(!utf8_valid(SPAN("\xe0\x9f\xbf")), "overlong, three");
	ok(!utf8_valid(SPAN("\xf0\x8f\xbf\xbf")), "overlong, four");
	ok(!utf8_valid(SPAN("\xed\xa0\x80")), "a surrogate");
	ok(!utf8_valid(SPAN("\xf4\x90\x80\x80")), "past U+10FFFF");
	ok(!utf8_valid(SPAN("\xf5\x80\x80\x80")), "a first octet of none");
	ok(!utf8_valid(SPAN("a\xe4\xbe")), "cut off");
	ok(!utf8_valid(SPAN("\xe4\xbe""a")), "broken off");
	is_size(utf8_length(SPAN("")), 0, "no character in nothing");
	is_size(utf8_length(SPAN("\0")), 1, "NUL is a character");
	ok(utf8_needed(SPAN("a\xff")), "needed");
	ok(!utf8_needed(SPAN("a\177")), "not needed");
}

static void
domains(void)
{
	ok(address_domain_valid(SPAN("example.org")), "a domain");
	ok(address_domain_valid(SPAN("x")), "one label");
	ok(address_domain_valid(SPAN("3com.1")), "digits");
	ok(!address_domain_valid(SPAN("")), "no empty one");
	ok(!address_domain_valid(SPAN("a.")), "no dot behind");
	ok(!address_domain_valid(SPAN("[1.2.3.4]")), "no literal");
	ok(!address_domain_valid(SPAN("a\0b")), "no NUL");
	ok(!address_domain_valid(SPAN("../x")), "no path");
	ok(!address_domain_valid(SPAN("..")), "no parent directory");
}

int
main(void)
{
	accepted();
	refused();
	whole();
	limits();
	utf8();
	domains();
	arena_free(&arena);
	return done_testing();
}
