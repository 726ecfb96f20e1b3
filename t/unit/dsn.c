/*
 * dsn: the values of RET, ENVID, NOTIFY and ORCPT, what is refused in them,
 * and how bounces and relays find them again.
 *
 * rfc: 3461 4, 3461 4.1, 3461 4.2, 3461 4.3, 3461 4.4, 3461 5.2.1
 * rfc: 3464 2.3, 6533 3
 */
#include "dsn.h"
#include "params.h"
#include "tap.h"

static struct arena arena;

static void
params(void)
{
	struct span p = SPAN("SIZE=5 BODY=8BITMIME\tSMTPUTF8 x=a=b Size=7"), v;

	ok(params_find(p, SPAN("size"), &v), "found in any case");
	is_span(v, SPAN("5"), "the first");
	ok(params_find(p, SPAN("BODY"), &v), "behind a blank");
	is_span(v, SPAN("8BITMIME"), "its value ends at a tab");
	ok(params_find(p, SPAN("SMTPUTF8"), &v), "without a value");
	is_span(v, SPAN(""), "which is empty");
	ok(params_find(p, SPAN("X"), NULL), "nobody needs the value");
	params_find(p, SPAN("X"), &v);
	is_span(v, SPAN("a=b"), "the first = divides");
	ok(!params_find(p, SPAN("5"), &v), "a value is no keyword");
	ok(!params_find(p, SPAN("SIZ"), &v), "nor is a piece of one");
	ok(!params_find(SPAN(""), SPAN(""), &v), "nothing in nothing");
	ok(!params_find((struct span){NULL, 0}, SPAN("A"), &v), "nor in NULL");
}

static void
ret(void)
{
	enum dsn_ret r = DSN_RET_NONE;

	is_str(dsn_parse_ret(SPAN("full"), &r), NULL, "RET=full");
	is_int(r, DSN_RET_FULL, "is FULL");
	is_str(dsn_parse_ret(SPAN("HdRs"), &r), NULL, "RET=HdRs");
	is_int(r, DSN_RET_HDRS, "is HDRS");
	ok(dsn_parse_ret(SPAN(""), &r) != NULL, "RET=");
	ok(dsn_parse_ret(SPAN("FULLER"), &r) != NULL, "RET=FULLER");
	is_int(r, DSN_RET_HDRS, "an error changes nothing");
}

static const struct {
	struct span value;
	unsigned want; /* 0: an error */
} notifies[] = {
    {SPAN_LIT("NEVER"), DSN_NEVER},
    {SPAN_LIT("success"), DSN_SUCCESS},
    {SPAN_LIT("DELAY,Failure"), DSN_DELAY | DSN_FAILURE},
    {SPAN_LIT("SUCCESS,FAILURE,DELAY"), DSN_SUCCESS | DSN_FAILURE | DSN_DELAY},
    {SPAN_LIT("FAILURE,FAILURE"), DSN_FAILURE},
    {SPAN_LIT(""), 0},
    {SPAN_LIT(","), 0},
    {SPAN_LIT("SUCCESS,"), 0},
    {SPAN_LIT(",SUCCESS"), 0},
    {SPAN_LIT("SUCCESS,,DELAY"), 0},
    {SPAN_LIT("NEVER,SUCCESS"), 0},
    {SPAN_LIT("SUCCESS,NEVER"), 0},
    {SPAN_LIT("NEVER,NEVER"), 0},
    {SPAN_LIT("SOMETIMES"), 0},
    {SPAN_LIT("SUCCESS;DELAY"), 0},
};

static void
notify(void)
{
	for (size_t i = 0; i < sizeof notifies / sizeof *notifies; i++) {
		unsigned n = 99;
		const char *wrong = dsn_parse_notify(notifies[i].value, &n);

		if (notifies[i].want == 0) {
			ok(wrong != NULL, notifies[i].value.p);
			is_int(n, 99, "an error changes nothing");
		} else {
			is_str(wrong, NULL, notifies[i].value.p);
			is_int(n, notifies[i].want, "its bits");
		}
	}
}

static const struct {
	struct span value, want; /* want.p NULL: an error */
} envids[] = {
    {SPAN_LIT("QQ314159"), SPAN_LIT("QQ314159")},
    {SPAN_LIT("a+2Bb+3Dc"), SPAN_LIT("a+b=c")},
    {SPAN_LIT("+20+09+7E"), SPAN_LIT(" \t~")},
    {SPAN_LIT("a;b,c\\\"<>"), SPAN_LIT("a;b,c\\\"<>")},
    {SPAN_LIT(""), {NULL, 0}},
    {SPAN_LIT("+"), {NULL, 0}},
    {SPAN_LIT("a+2"), {NULL, 0}},
    {SPAN_LIT("a+2b"), {NULL, 0}},
    {SPAN_LIT("a+G0"), {NULL, 0}},
    {SPAN_LIT("a=b"), {NULL, 0}},
    {SPAN_LIT("a b"), {NULL, 0}},
    {SPAN_LIT("a\x7f"), {NULL, 0}},
    {SPAN_LIT("a\xc3\xb6"), {NULL, 0}},
    /* These would leave their field in a report. */
    {SPAN_LIT("a+0D+0ABcc:+20x"), {NULL, 0}},
    {SPAN_LIT("a+00"), {NULL, 0}},
    {SPAN_LIT("a+7F"), {NULL, 0}},
    {SPAN_LIT("a+C3+B6"), {NULL, 0}},
};

static void
envid(void)
{
	char longest[DSN_ENVID_MAX + 1];
	struct span got;

	for (size_t i = 0; i < sizeof envids / sizeof *envids; i++) {
		const char *wrong =
		    dsn_parse_envid(envids[i].value, &arena, &got);

		if (envids[i].want.p == NULL)
			ok(wrong != NULL, envids[i].value.p);
		else if (ok(wrong == NULL, envids[i].value.p))
			is_span(got, envids[i].want, "decoded");
	}
	memset(longest, 'x', sizeof longest);
	ok(dsn_parse_envid(span_make(longest, DSN_ENVID_MAX), &arena, &got) ==
	    NULL, "100 octets");
	is_str(dsn_parse_envid(span_make(longest, sizeof longest), &arena,
	    &got), "too long", "101");
}

static const struct {
	struct span value;
	bool utf8;
	struct span type, want; /* want.p NULL: an error */
} orcpts[] = {
#define GOOD(v, u, t, w) {SPAN_LIT(v), u, SPAN_LIT(t), SPAN_LIT(w)}
#define BAD(v, u) {SPAN_LIT(v), u, {NULL, 0}, {NULL, 0}}
    GOOD("rfc822;joe@example.org", false, "rfc822", "joe@example.org"),
    GOOD("RFC822;Joe+2Blist@Example.org", false, "RFC822",
	"Joe+list@Example.org"),
    GOOD("x400;/S+3D+2B;x", true, "x400", "/S=+;x"),
    GOOD("x-y;+20", false, "x-y", " "),
    GOOD("utf-8;joe@example.org", false, "utf-8", "joe@example.org"),
    GOOD("UTF-8;j\\x{F6}rg@x", false, "UTF-8", "j\xc3\xb6rg@x"),
    GOOD("utf-8;\\x{1F600}@x", false, "utf-8", "\xf0\x9f\x98\x80@x"),
    GOOD("utf-8;\\x{20AC}\\x{10FFFF}", false, "utf-8",
	"\xe2\x82\xac\xf4\x8f\xbf\xbf"),
    GOOD("utf-8;a\\x{2B}b\\x{3D}\\x{5C}\\x{20}", false, "utf-8", "a+b=\\ "),
    GOOD("utf-8;j\xc3\xb6rg@x", true, "utf-8", "j\xc3\xb6rg@x"),
    BAD("utf-8;j\xc3\xb6rg@x", false),
    BAD("utf-8;\xff@x", true),
    BAD("utf-8;\xc0\xaf@x", true),
    BAD("utf-8;a+2Bb", true),
    BAD("utf-8;a\\b", false),
    BAD("utf-8;\\x{}", false),
    BAD("utf-8;\\x{F6", false),
    BAD("utf-8;\\x{f6}", false),
    BAD("utf-8;\\x{0F6}", false),
    BAD("utf-8;\\x{61}", false),
    BAD("utf-8;\\x{D800}", false),
    BAD("utf-8;\\x{110000}", false),
    BAD("utf-8;\\x{1000000}", false),
    BAD("utf-8;\\y{F6}", false),
    BAD("utf-8;\\x{0D}\\x{0A}Bcc:x", false),
    BAD("utf-8;\\x{9B}31m", false),
    BAD("utf-8;\xc2\x9b@x", true),
    BAD("utf-8;", true),
    BAD("rfc822", false),
    BAD("rfc822;", false),
    BAD(";joe@example.org", false),
    BAD("rfc 822;joe", false),
    BAD("rfc/822;joe", false),
    BAD("rfc822;joe+0Ax", false),
    BAD("rfc822;joe=x", false),
    BAD("rfc822;j\xc3\xb6rg", true),
    BAD("rfc822;j+C3+B6rg", true),
    BAD("", false),
};

static void
orcpt(void)
{
	char longest[DSN_ORCPT_MAX + 1];
	struct span type, got;

	for (size_t i = 0; i < sizeof orcpts / sizeof *orcpts; i++) {
		const char *wrong = dsn_parse_orcpt(orcpts[i].value,
		    orcpts[i].utf8, &arena, &type, &got);

		if (orcpts[i].want.p == NULL) {
			ok(wrong != NULL, orcpts[i].value.p);
		} else if (ok(wrong == NULL, orcpts[i].value.p)) {
			is_span(type, orcpts[i].type, "its type");
			is_span(got, orcpts[i].want, "decoded");
		}
	}
	memset(longest, 'x', sizeof longest);
	longest[6] = ';';
	ok(dsn_parse_orcpt(span_make(longest, DSN_ORCPT_MAX), false, &arena,
	    &type, &got) == NULL, "500 octets");
	is_str(dsn_parse_orcpt(span_make(longest, sizeof longest), false,
	    &arena, &type, &got), "too long", "501");
}

static void
readers(void)
{
	struct dsn_mail m;
	struct dsn_rcpt r;
	struct buf b = {0};

	dsn_mail_params(SPAN("SIZE=9 Ret=hdrs EnvId=a+2Bb"), &arena, &m);
	is_int(m.ret, DSN_RET_HDRS, "RET is found");
	is_span(m.envid, SPAN("a+b"), "ENVID is decoded");
	dsn_put_mail(&m, &b);
	is_span(buf_span(&b), SPAN(" RET=hdrs ENVID=a+2Bb"),
	    "passed on as it was sent");
	buf_reset(&b);
	dsn_mail_params(SPAN("RET=NONE ENVID=+0A"), &arena, &m);
	is_int(m.ret, DSN_RET_NONE, "a bad RET is none");
	ok(m.envid.p == NULL, "nor is a bad ENVID one");
	dsn_put_mail(&m, &b);
	is_size(b.n, 0, "nothing to pass on");

	dsn_rcpt_params(SPAN("NOTIFY=Success,delay ORCPT=rfc822;A+2B@b"),
	    &arena, &r);
	is_int(r.notify, DSN_SUCCESS | DSN_DELAY, "NOTIFY is found");
	is_span(r.orcpt, SPAN("A+@b"), "ORCPT is decoded");
	dsn_put_rcpt(&r, false, &b);
	is_span(buf_span(&b), SPAN(" NOTIFY=Success,delay ORCPT=rfc822;A+2B@b"),
	    "its case is kept");
	buf_reset(&b);
	dsn_put_original(&r, false, &b);
	is_span(buf_span(&b), SPAN("rfc822; A+@b"), "Original-Recipient");
	buf_reset(&b);
	dsn_rcpt_params(SPAN("NOTIFY=ALWAYS ORCPT=x"), &arena, &r);
	is_int(r.notify, 0, "a bad NOTIFY is none");
	ok(r.type.p == NULL && r.orcpt.p == NULL, "nor is a bad ORCPT one");
	dsn_put_rcpt(&r, true, &b);
	dsn_put_original(&r, true, &b);
	is_size(b.n, 0, "nothing of them is left");
	buf_free(&b);
}

static void
beyond_ascii(void)
{
	struct dsn_rcpt r;
	struct buf b = {0};

	dsn_rcpt_params(SPAN("ORCPT=utf-8;j\xc3\xb6\\x{3D}@\xe2\x82\xac"),
	    &arena, &r);
	is_span(r.orcpt, SPAN("j\xc3\xb6=@\xe2\x82\xac"), "unitext");
	dsn_put_rcpt(&r, true, &b);
	is_span(buf_span(&b), SPAN(" ORCPT=utf-8;j\xc3\xb6\\x{3D}@\xe2\x82\xac"),
	    "as it is for who takes UTF-8");
	buf_reset(&b);
	dsn_put_rcpt(&r, false, &b);
	is_span(buf_span(&b), SPAN(" ORCPT=utf-8;j\\x{F6}\\x{3D}@\\x{20AC}"),
	    "escaped for who does not");
	buf_reset(&b);
	dsn_put_original(&r, false, &b);
	is_span(buf_span(&b), SPAN("utf-8; j\\x{F6}\\x{3D}@\\x{20AC}"),
	    "in a report in ASCII");
	buf_reset(&b);
	dsn_put_original(&r, true, &b);
	is_span(buf_span(&b), SPAN("utf-8; j\xc3\xb6\\x{3D}@\xe2\x82\xac"),
	    "and in one that is not");
	buf_reset(&b);
	dsn_put_address(SPAN("a@b"), false, &b);
	buf_putc(&b, '|');
	dsn_put_address(SPAN("\xf0\x9f\x98\x80@b"), false, &b);
	is_span(buf_span(&b), SPAN("rfc822; a@b|utf-8; \\x{1F600}@b"),
	    "a type for each address");
	buf_reset(&b);
	dsn_put_xtext(SPAN("a b+=\xc3\t~!"), &b);
	is_span(buf_span(&b), SPAN("a+20b+2B+3D+C3+09~!"), "xtext");
	buf_free(&b);
}

int
main(void)
{
	params();
	ret();
	notify();
	envid();
	orcpt();
	readers();
	beyond_ascii();
	arena_free(&arena);
	return done_testing();
}
