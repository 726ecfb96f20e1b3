/* PLAIN's and CRAM-MD5's messages: RFC 4616 4, RFC 2195 2. */
#include "sasl.h"
#include "tap.h"

#define DIGEST "b913a602c7eda7a495b4e6e7334d3890"

static void
plain(struct span text, struct span zid, struct span user,
    struct span password)
{
	struct span z, u, p;

	if (!ok(sasl_parse_plain(text, &z, &u, &p), "PLAIN"))
		return;
	is_span(z, zid, "... authzid");
	is_span(u, user, "... user");
	is_span(p, password, "... password");
}

static void
not_plain(struct span text, const char *name)
{
	struct span z, u, p;

	ok(!sasl_parse_plain(text, &z, &u, &p), name);
}

static void
cram(struct span text, struct span user)
{
	struct span u, r;

	if (!ok(sasl_parse_cram(text, &u, &r), "CRAM-MD5"))
		return;
	is_span(u, user, "... user");
	is_span(r, SPAN(DIGEST), "... response");
}

static void
not_cram(struct span text, const char *name)
{
	struct span u, r;

	ok(!sasl_parse_cram(text, &u, &r), name);
}

int
main(void)
{
	plain(SPAN("\0tim\0tanstaaftanstaaf"), SPAN(""), SPAN("tim"),
	    SPAN("tanstaaftanstaaf"));
	plain(SPAN("Ursel\0Kurt\0xipj3plmq"), SPAN("Ursel"), SPAN("Kurt"),
	    SPAN("xipj3plmq"));
	plain(SPAN("\0tim\0"), SPAN(""), SPAN("tim"), SPAN(""));
	not_plain(SPAN(""), "nothing");
	not_plain(SPAN("tim"), "a user alone");
	not_plain(SPAN("\0tim"), "no password");
	not_plain(SPAN("\0\0secret"), "no user");
	not_plain(SPAN("\0tim\0sec\0ret"), "a NUL in the password");
	not_plain(SPAN("\0tim\0secret\0"), "a NUL at the end");
	cram(SPAN("tim " DIGEST), SPAN("tim"));
	cram(SPAN("tim b " DIGEST), SPAN("tim b"));
	not_cram(SPAN(""), "nothing");
	not_cram(SPAN(DIGEST), "a response alone");
	not_cram(SPAN(" " DIGEST), "no user");
	not_cram(SPAN("tim " DIGEST "0"), "too long");
	not_cram(SPAN("tim " DIGEST " "), "a blank behind it");
	not_cram(SPAN("t\0m " DIGEST), "a NUL in the user");
	ok(sasl_is_user(SPAN("a")) && !sasl_is_user(SPAN("")) &&
	    !sasl_is_user(SPAN("a\0")), "LOGIN's user");
	ok(sasl_is_password(SPAN("")) && !sasl_is_password(SPAN("\0")),
	    "LOGIN's password");
	return done_testing();
}
