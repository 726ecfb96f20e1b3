/* The SMTP client and its transactions, with servers of every kind. */
#include "smtpclient_case.h"

static void
good(void)
{
	size_t taken;
	struct span said;

	said = send_to(EHLO_ALL "<\n<\n<\n>250 2.1.0 ok\n>250 2.1.5 ok\n"
				">354 go\n.\n>250-2.6.0 taken\n>250 2.6.0 as 1\n" QUIT,
	    1, &taken);
	is_span(said, SPAN("EHLO me.test" CRLF "MAIL FROM:<a@test>" CRLF
			   "RCPT TO:<b@test>" CRLF "DATA" CRLF
			   "Subject: a" CRLF CRLF "Hello" CRLF "." CRLF
			   "QUIT" CRLF), "pipelined: what is said");
	is_size(taken, 1, "taken");
	is_result(0, SMTPCLIENT_OK, SMTPCLIENT_DOT, 250, "pipelined");
	is_str(results[0].reply.enhanced, "2.6.0", "enhanced code");
	is_span(results[0].reply.text, SPAN("taken\nas 1"), "text");
	ok(results[0].theirs, "the server's words");
	is_size(c.size_max, 1000, "SIZE");
	is_int(c.extensions, SMTPCLIENT_PIPELINING | SMTPCLIENT_SIZE |
		SMTPCLIENT_8BITMIME | SMTPCLIENT_ENHANCED |
		SMTPCLIENT_SMTPUTF8, "extensions");

	said = send_to(EHLO_NONE "<\n>250 ok\n<\n>251 forward\n<\n>250 ok\n"
				 "<\n>354 go\n.\n>250 ok\n" QUIT, 2, &taken);
	is_span(said, SPAN("EHLO me.test" CRLF "MAIL FROM:<a@test>" CRLF
			   "RCPT TO:<b@test>" CRLF "RCPT TO:<c@test>" CRLF
			   "DATA" CRLF "Subject: a" CRLF CRLF "Hello" CRLF
			   "." CRLF "QUIT" CRLF), "one by one: what is said");
	is_size(taken, 2, "both taken");
	is_int(c.extensions, 0, "nothing offered");
}

static void
helo(void)
{
	size_t taken;
	struct span said = send_to(">220-mx\n>220 two lines\n<\n>502 what\n<\n"
				   ">250-mx\n>250-PIPELINING\n>250 SIZE 1\n<\n>250 ok\n"
				   "<\n>250 ok\n<\n>354 go\n.\n>250 ok\n" QUIT,
	    1, &taken);

	ok(span_istarts(said, SPAN("EHLO me.test" CRLF "HELO me.test" CRLF)),
	    "HELO when EHLO is refused");
	is_size(taken, 1, "taken");
	is_int(c.extensions, 0, "HELO offers nothing");
}

static void
recipients(void)
{
	size_t taken;
	struct span said;

	(void)send_to(EHLO_ALL ",5\n>250 ok\n>550 5.1.1 no b\n>250 ok\n"
			       ">450 4.2.0 not d\n>354 go\n.\n>250 ok\n" QUIT,
	    3, &taken);
	is_size(taken, 1, "one of three");
	is_result(0, SMTPCLIENT_PERMANENT, SMTPCLIENT_RCPT, 550, "mixed");
	is_str(results[0].reply.enhanced, "5.1.1", "its enhanced code");
	is_span(results[0].reply.text, SPAN("no b"), "and text");
	is_result(1, SMTPCLIENT_OK, SMTPCLIENT_DOT, 250, "mixed");
	is_result(2, SMTPCLIENT_TEMPORARY, SMTPCLIENT_RCPT, 450, "mixed");

	(void)send_to(EHLO_ALL "<\n<\n<\n<\n>250 ok\n>250 ok\n>550 no\n>354 go\n"
			       ".\n>554 5.6.0 refused after data\n" QUIT, 2, &taken);
	is_size(taken, 0, "refused after data");
	is_result(0, SMTPCLIENT_PERMANENT, SMTPCLIENT_DOT, 554, "dot");
	is_result(1, SMTPCLIENT_PERMANENT, SMTPCLIENT_RCPT, 550, "dot");
	ok(c.dot_sent, "the dot was sent");

	said = send_to(EHLO_ALL "<\n<\n<\n>250 ok\n>550 no\n>354 go\n.\n"
				">554 nobody\n" QUIT, 1, &taken);
	ok(span_iends(said, SPAN("DATA" CRLF "." CRLF "QUIT" CRLF)),
	    "DATA for nobody is an empty message");
	is_result(0, SMTPCLIENT_PERMANENT, SMTPCLIENT_RCPT, 550, "nobody");
	ok(!c.dot_sent, "which counts as none");

	said = send_to(EHLO_ALL "<\n<\n<\n>250 ok\n>550 no\n>503 no\n" QUIT, 1,
	    &taken);
	ok(span_iends(said, SPAN("DATA" CRLF "QUIT" CRLF)),
	    "DATA refused for nobody");
	said = send_to(EHLO_NONE "<\n>250 ok\n<\n>550 no\n" QUIT, 1, &taken);
	ok(span_iends(said, SPAN("RCPT TO:<b@test>" CRLF "QUIT" CRLF)),
	    "one by one there is no DATA for nobody");

	(void)send_to(EHLO_ALL "<\n<\n<\n<\n>451 4.3.0 later\n>503 mail first\n"
			       ">503 mail first\n>503 no\n" QUIT, 2, &taken);
	is_result(0, SMTPCLIENT_TEMPORARY, SMTPCLIENT_MAIL, 451,
	    "MAIL refused, not the recipients");
	is_result(1, SMTPCLIENT_TEMPORARY, SMTPCLIENT_MAIL, 451, "nor this");
	said = send_to(EHLO_NONE "<\n>550 5.7.1 no\n" QUIT, 2, &taken);
	is_result(1, SMTPCLIENT_PERMANENT, SMTPCLIENT_MAIL, 550, "MAIL no");
	ok(span_iends(said, SPAN("MAIL FROM:<a@test>" CRLF "QUIT" CRLF)),
	    "one by one there is no RCPT then");
	said = send_to(EHLO_ALL "<\n<\n<\n>550 no\n>503 no\n>354 strange\n.\n"
				">250 ok\n" QUIT, 1, &taken);
	is_size(taken, 0, "MAIL refused and DATA not");
	is_result(0, SMTPCLIENT_PERMANENT, SMTPCLIENT_MAIL, 550, "MAIL no");
	ok(span_iends(said, SPAN("DATA" CRLF "." CRLF "QUIT" CRLF)),
	    "is answered with an empty message");
	(void)send_to(EHLO_ALL "<\n<\n<\n>250 ok\n>250 ok\n>451 4.3.0 no\n" QUIT,
	    1, &taken);
	is_result(0, SMTPCLIENT_TEMPORARY, SMTPCLIENT_DATA, 451, "DATA no");
}

/* Replies merged into one segment, and split octet by octet. */
static void
split(void)
{
	size_t taken;

	(void)send_to("+1\n" EHLO_ALL "<\n<\n<\n<\n>250-2.1.0 ok\n>250 2.1.0 ok\n"
		      ">250 ok\n>550-5.1.1 no\n>550 5.1.1 such\n>354 go\n.\n>250 ok\n" QUIT,
	    2, &taken);
	is_size(taken, 1, "octet by octet");
	is_result(1, SMTPCLIENT_PERMANENT, SMTPCLIENT_RCPT, 550, "octets");
	is_span(results[1].reply.text, SPAN("no\nsuch"), "its text");
	(void)send_to(EHLO_ALL "<\n<\n<\n<\n]250 ok\\r\\n250 ok\\r\\n550-5.1.1 "
			       "no\\r\\n550 5.1.1 such\\r\\n354 go\\r\\n\n"
			       ".\n>250 ok\n" QUIT, 2, &taken);
	is_size(taken, 1, "all in one");
	is_result(1, SMTPCLIENT_PERMANENT, SMTPCLIENT_RCPT, 550, "merged");
	(void)send_to(EHLO_ALL "<\n<\n<\n]250 ok\\n250 ok\\n354 go\\n\n"
			       ".\n>250 ok\n" QUIT, 1, &taken);
	is_size(taken, 1, "lines that end in LF alone");
}

static void
many(void)
{
	static char names[300][16];
	struct server srv;
	struct smtpclient_mail m = mail(1);
	size_t taken;
	struct span said;

	for (size_t i = 0; i < 300; i++) {
		snprintf(names[i], sizeof names[i], "r%zu@test", i);
		rcpts[i] = span_of(names[i]);
	}
	m.nrecipients = 300;
	rcpts[7] = SPAN("a b@test");
	ok(open_server(&srv, EHLO_ALL ",100\n>250 ok\n*98 250 ok\n>550 no\n"
				      ",100\n*100 250 ok\n,100\n*100 250 ok\n<\n>354 go\n"
				      ".\n>250 ok\n" QUIT, 5000) == 0, "opened");
	taken = smtpclient_send(&c, &m, results);
	smtpclient_close(&c);
	said = server_said(&srv);
	is_size(taken, 298, "300 recipients");
	is_result(7, SMTPCLIENT_PERMANENT, SMTPCLIENT_RCPT, 553, "not said");
	is_result(99, SMTPCLIENT_PERMANENT, SMTPCLIENT_RCPT, 550, "the 100th");
	is_result(298, SMTPCLIENT_OK, SMTPCLIENT_DOT, 250, "the last but one");
	ok(memmem(said.p, said.n, "RCPT TO:<r299@test>", 19) != NULL,
	    "the last was named");
}

static void
several(void)
{
	struct server srv;
	struct smtpclient_mail m = mail(1);
	struct span said;

	ok(open_server(&srv, EHLO_ALL "<\n<\n<\n>250 ok\n>250 ok\n>354 go\n.\n"
				      ">250 one\n<\n<\n<\n>250 ok\n>550 no\n>503 no\n"
				      "<\n>250 reset\n<\n<\n<\n>250 ok\n>250 ok\n"
				      ">354 go\n.\n>250 three\n" QUIT, 5000) == 0, "opened");
	is_size(smtpclient_send(&c, &m, results), 1, "the first");
	message.at = 0;
	is_size(smtpclient_send(&c, &m, results), 0, "the second is refused");
	ok(smtpclient_usable(&c), "which is no end");
	message.at = 0;
	is_size(smtpclient_send(&c, &m, results), 1, "the third");
	is_span(results[0].reply.text, SPAN("three"), "its reply");
	smtpclient_close(&c);
	ok(!smtpclient_usable(&c), "closed");
	said = server_said(&srv);
	ok(memmem(said.p, said.n, "." CRLF "MAIL", 7) != NULL,
	    "no RSET after a message");
	ok(memmem(said.p, said.n, "DATA" CRLF "RSET" CRLF "MAIL", 16) != NULL,
	    "RSET after a transaction that did not end");

	m = mail(1);
	ok(open_server(&srv, EHLO_NONE "<\n>250 ok\n<\n>550 no\n<\n>500 RSET?\n"
				       "<\n>221 bye\n", 5000) == 0, "opened");
	is_size(smtpclient_send(&c, &m, results), 0, "refused");
	is_size(smtpclient_send(&c, &m, results), 0, "no RSET, no more");
	is_result(0, SMTPCLIENT_PERMANENT, SMTPCLIENT_RSET, 500, "no RSET");
	smtpclient_close(&c);
	(void)server_said(&srv);
}

static void
callahead(void)
{
	struct server srv;
	struct smtpclient_mail m = mail(2);
	struct span said;

	m.next = NULL;
	m.sender = SPAN("");
	ok(open_server(&srv, EHLO_ALL "<\n<\n<\n>250 ok\n>250 ok\n>550 no\n"
				      "<\n>250 reset\n<\n<\n>250 ok\n>450 no\n" QUIT,
	    5000) == 0, "opened");
	is_size(smtpclient_send(&c, &m, results), 1, "call-ahead");
	is_result(0, SMTPCLIENT_OK, SMTPCLIENT_RCPT, 250, "would be taken");
	is_result(1, SMTPCLIENT_PERMANENT, SMTPCLIENT_RCPT, 550, "would not");
	m.nrecipients = 1;
	is_size(smtpclient_send(&c, &m, results), 0, "another");
	is_result(0, SMTPCLIENT_TEMPORARY, SMTPCLIENT_RCPT, 450, "not now");
	smtpclient_close(&c);
	said = server_said(&srv);
	is_span(said, SPAN("EHLO me.test" CRLF "MAIL FROM:<>" CRLF
			   "RCPT TO:<b@test>" CRLF "RCPT TO:<c@test>" CRLF
			   "RSET" CRLF "MAIL FROM:<>" CRLF "RCPT TO:<b@test>" CRLF
			   "QUIT" CRLF), "without a DATA");
}

int
main(void)
{
	alarm(120);
	smtpclient_init(&c, &(struct smtpclient_config){0});
	good();
	helo();
	recipients();
	split();
	many();
	several();
	callahead();
	smtpclient_free(&c);
	return done_testing();
}
