/*
 * smtpclient_case: one client and one server (smtpclient_server.h), for the
 * tests of smtpclient.
 */
#ifndef SMTPCLIENT_CASE_H
#define SMTPCLIENT_CASE_H

#include "smtpclient.h"
#include "smtpclient_server.h"
#include <errno.h>

#define CRLF "\r\n"
#define EHLO_ALL                                                              \
	">220 mx.test ESMTP\n<\n>250-mx.test hello\n>250-PIPELINING\n"        \
	">250-SIZE 1000\n>250-8bitmime\n>250-ENHANCEDSTATUSCODES\n"           \
	">250 SMTPUTF8\n"
#define EHLO_NONE ">220 mx.test\n<\n>250 mx.test\n"
#define QUIT	  "<\n>221 bye\n"

static struct smtpclient c;
static struct smtpclient_result results[300];
static struct span rcpts[300];

struct pieces {
	const char *const *text;
	int fail_at; /* errno of ECANCELED instead of this piece; -1: none */
	int at;
};

static inline int
next_piece(void *state, struct span *piece)
{
	struct pieces *p = state;

	if (p->at == p->fail_at) {
		errno = ECANCELED;
		return -1;
	}
	if (p->text[p->at] == NULL)
		return 0;
	*piece = span_of(p->text[p->at++]);
	return 1;
}

static const char *const hello_text[] = {"Subject: a" CRLF CRLF "Hel",
    "lo" CRLF, NULL};
static struct pieces message;

static inline struct smtpclient_mail
mail(size_t n)
{
	message = (struct pieces){hello_text, -1, 0};
	rcpts[0] = SPAN("b@test");
	if (n > 1)
		rcpts[1] = SPAN("c@test");
	if (n > 2)
		rcpts[2] = SPAN("d@test");
	return (struct smtpclient_mail){.sender = SPAN("a@test"),
	    .recipients = rcpts, .nrecipients = n, .size = -1,
	    .next = next_piece, .state = &message};
}

static inline int
open_server(struct server *srv, const char *script, int64_t ms)
{
	struct smtpclient_config config = {.helo = SPAN("me.test"),
	    .deadline = CLOCK_NEVER, .reply_ms = ms, .dot_ms = ms,
	    .block_ms = ms, .connect_ms = ms};
	struct span host;

	server_start(srv, script);
	host = span_of(srv->text);
	smtpclient_free(&c);
	smtpclient_init(&c, &config);
	return smtpclient_open(&c, &host, 1);
}

/* Sends to n recipients; what the server saw. */
static inline struct span
send_to(const char *script, size_t n, size_t *taken)
{
	struct server srv;
	struct smtpclient_mail m = mail(n);

	if (!ok(open_server(&srv, script, 5000) == 0, "opened"))
		diag("%.*s", SPAN_ARG(smtpclient_why(&c)->reply.text));
	*taken = smtpclient_send(&c, &m, results);
	smtpclient_close(&c);
	return server_said(&srv);
}

static inline void
is_result(size_t i, enum smtpclient_outcome outcome,
    enum smtpclient_stage stage, int code, const char *name)
{
	char text[200];

	snprintf(text, sizeof text, "%s: outcome of %zu", name, i);
	is_str(smtpclient_outcome_name(results[i].outcome),
	    smtpclient_outcome_name(outcome), text);
	snprintf(text, sizeof text, "%s: stage of %zu", name, i);
	is_str(smtpclient_stage_name(results[i].stage),
	    smtpclient_stage_name(stage), text);
	snprintf(text, sizeof text, "%s: code of %zu", name, i);
	is_int(results[i].reply.code, code, text);
}

#endif
