/* The SMTP client on its way to a server that takes it. */
#include "smtpclient_case.h"
#include <errno.h>

static void
bad_helo(void)
{
	static const struct span names[] = {SPAN_LIT("a\r\nb"),
	    SPAN_LIT("a b"), SPAN_LIT("a\0")};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct smtpclient_config config = {.helo = names[i],
		    .deadline = CLOCK_NEVER};
		struct server srv;
		struct span host;

		server_start(&srv, ">220 hi\n~");
		host = span_of(srv.text);
		smtpclient_free(&c);
		smtpclient_init(&c, &config);
		is_int(smtpclient_open(&c, &host, 1), -1, "no such name");
		is_int(smtpclient_why(&c)->outcome, SMTPCLIENT_LOCAL, "ours");
		is_span(server_said(&srv), SPAN(""), "is said");
	}
}

static void
pool(void)
{
	struct smtpclient_config config = {.helo = SPAN("me.test"),
	    .deadline = CLOCK_NEVER, .reply_ms = 300, .connect_ms = 1000};
	struct server busy, silent, fine;
	struct span hosts[6];
	struct span said;

	server_start(&busy, ">421 busy\n");
	server_start(&silent, "~");
	server_start(&fine, EHLO_NONE QUIT);
	hosts[0] = SPAN("127.0.0.1:1"); /* nobody listens */
	hosts[1] = span_of(busy.text);
	hosts[2] = SPAN("no host");
	hosts[3] = span_of(silent.text);
	hosts[4] = span_of(fine.text);
	hosts[5] = SPAN("127.0.0.1:1");
	smtpclient_free(&c);
	smtpclient_init(&c, &config);
	is_int(smtpclient_open(&c, hosts, 6), 0, "the first that works");
	is_size(c.host, 4, "is the fifth");
	smtpclient_close(&c);
	said = server_said(&fine);
	is_span(said, SPAN("EHLO me.test" CRLF "QUIT" CRLF), "EHLO, QUIT");
	(void)server_said(&busy);
	(void)server_said(&silent);
	is_int(smtpclient_open(&c, hosts, 1), -1, "nobody");
	is_int(smtpclient_why(&c)->outcome, SMTPCLIENT_LOST, "lost");
	is_int(smtpclient_why(&c)->error, ECONNREFUSED, "refused");
	is_str(smtpclient_why(&c)->reply.enhanced, "4.4.1", "4.4.1");
	is_int(smtpclient_open(&c, hosts + 2, 1), -1, "not a host");
	is_int(smtpclient_why(&c)->error, EINVAL, "says so");
	is_int(smtpclient_open(&c, hosts, 0), -1, "no hosts at all");
	struct smtpclient_mail m = mail(1);
	is_size(smtpclient_send(&c, &m, results), 0, "nor mail then");
	is_result(0, SMTPCLIENT_LOST, SMTPCLIENT_CONNECT, 451, "closed");
}

static void
deadline(void)
{
	struct smtpclient_config config = {.helo = SPAN("me.test"),
	    .deadline = clock_deadline(300)};
	struct server srv;
	struct span host;

	server_start(&srv, "~");
	host = span_of(srv.text);
	smtpclient_free(&c);
	smtpclient_init(&c, &config);
	is_int(smtpclient_open(&c, &host, 1), -1, "the deadline of all");
	is_int(smtpclient_why(&c)->outcome, SMTPCLIENT_TIMEOUT, "has struck");
	(void)server_said(&srv);
	is_int(smtpclient_open(&c, &host, 1), -1, "and stays");
	is_int(smtpclient_why(&c)->outcome, SMTPCLIENT_TIMEOUT, "a time-out");
}

int
main(void)
{
	alarm(120);
	smtpclient_init(&c, &(struct smtpclient_config){0});
	bad_helo();
	pool();
	deadline();
	smtpclient_free(&c);
	return done_testing();
}
