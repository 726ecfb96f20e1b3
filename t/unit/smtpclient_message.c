/* What the SMTP client says of a message, and how it sends it. */
#include "smtpclient_case.h"
#include <errno.h>

static void
params(void)
{
	struct server srv;
	struct smtpclient_mail m = mail(1);
	struct span said;

	m.size = 999;
	m.eight_bit = true;
	m.params = SPAN("RET=HDRS");
	m.sender = SPAN("\xc3\xbc@test");
	ok(open_server(&srv, EHLO_ALL "<\n<\n<\n>250 ok\n>250 ok\n>354 go\n.\n"
				      ">250 ok\n" QUIT, 5000) == 0, "opened");
	is_size(smtpclient_send(&c, &m, results), 1, "with parameters");
	m.size = 1001;
	is_size(smtpclient_send(&c, &m, results), 0, "too large");
	is_result(0, SMTPCLIENT_PERMANENT, SMTPCLIENT_MAIL, 552, "SIZE");
	ok(!results[0].theirs && !c.dot_sent && smtpclient_usable(&c),
	    "without asking");
	smtpclient_close(&c);
	said = server_said(&srv);
	ok(memmem(said.p, said.n, "MAIL FROM:<\xc3\xbc@test> SIZE=999 "
	    "BODY=8BITMIME SMTPUTF8 RET=HDRS" CRLF, 62) != NULL, "all of them");

	m = mail(2);
	m.size = 5000;
	m.eight_bit = true;
	rcpts[1] = SPAN("\xc3\xbc@test");
	ok(open_server(&srv, EHLO_NONE "<\n>250 ok\n<\n>250 ok\n<\n>354 go\n.\n"
				       ">250 ok\n" QUIT, 5000) == 0, "opened");
	is_size(smtpclient_send(&c, &m, results), 1, "nothing offered");
	is_result(1, SMTPCLIENT_PERMANENT, SMTPCLIENT_RCPT, 553, "no UTF-8");
	is_str(results[1].reply.enhanced, "5.6.7", "says RFC 6531");
	m.sender = SPAN("\xc3\xbc@test");
	is_size(smtpclient_send(&c, &m, results), 0, "nor in the sender");
	is_result(0, SMTPCLIENT_PERMANENT, SMTPCLIENT_MAIL, 553, "sender");
	smtpclient_close(&c);
	said = server_said(&srv);
	ok(memmem(said.p, said.n, "MAIL FROM:<a@test>" CRLF "RCPT TO:<b@test>"
	    CRLF "DATA" CRLF, 44) != NULL, "then none is used");
}

static void
injection(void)
{
	static const struct span bad[] = {
	    SPAN_LIT("a@b\r\nDATA"), SPAN_LIT("a\r@b"), SPAN_LIT("a@b\n"),
	    SPAN_LIT("a\0@b"), SPAN_LIT("a@b> SIZE=1"), SPAN_LIT("a@b>"),
	    SPAN_LIT("<a@b"), SPAN_LIT("a b@c"), SPAN_LIT("\"a b@c"),
	    SPAN_LIT("\"a\\\"@c"), SPAN_LIT("\"a\r\n\"@c"),
	    SPAN_LIT("\"a\\\r\n\"@c"), SPAN_LIT("a\\ b@c"),
	    SPAN_LIT("a\177@c"), SPAN_LIT("\"a\\"), SPAN_LIT("\""),
	    SPAN_LIT("a\033[2J@c"), SPAN_LIT("a\t@c"),
	};
	static const struct span fine[] = {
	    SPAN_LIT(""), SPAN_LIT("a@b"), SPAN_LIT("\"a b\"@c"),
	    SPAN_LIT("\"a\\\"b> \"@c"), SPAN_LIT("postmaster"),
	    SPAN_LIT("a@[192.0.2.1]"), SPAN_LIT("\xc3\xbc@c"),
	};
	char huge[513];
	struct server srv;
	struct smtpclient_mail m = mail(1);
	struct span said;

	for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
		ok(smtpclient_address_valid(fine[i]), "an address");
	memset(huge, 'a', sizeof huge);
	ok(!smtpclient_address_valid(span_make(huge, 513)), "too long");
	ok(smtpclient_address_valid(span_make(huge, 512)), "long");
	ok(open_server(&srv, EHLO_ALL "~", 5000) == 0, "opened");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		m.sender = SPAN("a@test");
		rcpts[0] = bad[i];
		is_size(smtpclient_send(&c, &m, results), 0, "no recipient");
		is_result(0, SMTPCLIENT_PERMANENT, SMTPCLIENT_RCPT, 553, "it");
		m.sender = bad[i];
		rcpts[0] = SPAN("b@test");
		is_size(smtpclient_send(&c, &m, results), 0, "no sender");
		is_result(0, SMTPCLIENT_PERMANENT, SMTPCLIENT_MAIL, 553, "it");
	}
	rcpts[0] = SPAN("");
	m.sender = SPAN("");
	is_size(smtpclient_send(&c, &m, results), 0, "no empty recipient");
	ok(smtpclient_usable(&c), "the connection is as it was");
	rcpts[0] = SPAN("b@test");
	m.params = SPAN("X=1\r\nRCPT TO:<x@y>");
	is_size(smtpclient_send(&c, &m, results), 0, "no such parameter");
	is_result(0, SMTPCLIENT_LOCAL, SMTPCLIENT_MAIL, 451, "params");
	smtpclient_close(&c);
	said = server_said(&srv);
	is_span(said, SPAN("EHLO me.test" CRLF), "nothing of it was said");
}

static void
dots(void)
{
	static const struct {
		const char *const text[8];
		const char *wire;
	} cases[] = {
	    {{NULL}, "." CRLF},
	    {{"", NULL}, "." CRLF},
	    {{"a", NULL}, "a" CRLF "." CRLF},
	    {{"a" CRLF, NULL}, "a" CRLF "." CRLF},
	    {{".", NULL}, ".." CRLF "." CRLF},
	    {{"." CRLF, NULL}, ".." CRLF "." CRLF},
	    {{".a" CRLF ".." CRLF, NULL}, "..a" CRLF "..." CRLF "." CRLF},
	    {{"a\n.\nb\n", NULL}, "a" CRLF ".." CRLF "b" CRLF "." CRLF},
	    {{"a\r.\rb\r", NULL}, "a" CRLF ".." CRLF "b" CRLF "." CRLF},
	    {{"a\r\n.\n", NULL}, "a" CRLF ".." CRLF "." CRLF},
	    {{"a\r\n.\r", NULL}, "a" CRLF ".." CRLF "." CRLF},
	    {{"a\n.\r\n", NULL}, "a" CRLF ".." CRLF "." CRLF},
	    {{"a\r\r\n.", NULL}, "a" CRLF CRLF ".." CRLF "." CRLF},
	    {{"\n\r", NULL}, CRLF CRLF "." CRLF},
	    {{"\r\n\r\n", NULL}, CRLF CRLF "." CRLF},
	    {{"a\r", "\n", ".", "\r", "\nb", NULL},
		"a" CRLF ".." CRLF "b" CRLF "." CRLF},
	    {{"a", "\r", ".", "\r", "x", NULL},
		"a" CRLF ".." CRLF "x" CRLF "." CRLF},
	    {{"a\r", "", "\n", "\n", NULL}, "a" CRLF CRLF "." CRLF},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct server srv;
		struct smtpclient_mail m = mail(1);
		struct span said;

		message.text = cases[i].text;
		if (open_server(&srv, EHLO_ALL "<\n<\n<\n>250 ok\n>250 ok\n"
					       ">354 go\n.\n>250 ok\n" QUIT, 5000) == -1)
			ok(false, "opened");
		is_size(smtpclient_send(&c, &m, results), 1, "sent");
		smtpclient_close(&c);
		said = server_said(&srv);
		said = span_skip(said, span_chr(said, 'D') + 6);
		said = span_head(said, said.n > 6 ? said.n - 6 : 0);
		is_span(said, span_of(cases[i].wire), "dots and line ends");
	}
}

static void
unreadable(void)
{
	struct server srv;
	struct smtpclient_mail m = mail(1);
	struct span said;

	message.fail_at = 1;
	ok(open_server(&srv, EHLO_ALL "<\n<\n<\n>250 ok\n>250 ok\n>354 go\n~",
	    5000) == 0, "opened");
	is_size(smtpclient_send(&c, &m, results), 0, "cannot be read");
	is_result(0, SMTPCLIENT_LOCAL, SMTPCLIENT_DATA, 451, "unreadable");
	is_int(results[0].error, ECANCELED, "errno");
	ok(!c.dot_sent && !smtpclient_usable(&c), "no dot");
	smtpclient_close(&c);
	said = server_said(&srv);
	ok(memmem(said.p, said.n, CRLF "." CRLF, 5) == NULL &&
	    memmem(said.p, said.n, "QUIT", 4) == NULL,
	    "half a message never ends");
}

int
main(void)
{
	alarm(120);
	smtpclient_init(&c, &(struct smtpclient_config){0});
	params();
	injection();
	dots();
	unreadable();
	smtpclient_free(&c);
	return done_testing();
}
