/* The SMTP client against servers that do not do what they should. */
#include "smtpclient_case.h"
#include <errno.h>

static int
endless(void *state, struct span *piece)
{
	static char block[65536];
	uint64_t *left = state;

	if (*left == 0)
		return 0;
	--*left;
	memset(block, 'x', sizeof block);
	for (size_t i = 76; i < sizeof block; i += 78)
		memcpy(block + i, "\r\n", 2);
	*piece = span_make(block, sizeof block);
	return 1;
}

/* The server speaks, or goes, in the middle of the message. */
static void
middle(void)
{
	static const struct {
		const char *does;
		enum smtpclient_outcome outcome;
		int code;
	} cases[] = {
	    {">552 5.3.4 enough\n", SMTPCLIENT_PERMANENT, 552},
	    {">451 4.3.0 full\n!", SMTPCLIENT_TEMPORARY, 451},
	    {">421 4.3.2 going\n", SMTPCLIENT_TEMPORARY, 421},
	    {">250 ok already\n", SMTPCLIENT_NONSENSE, 451},
	    {"", SMTPCLIENT_LOST, 451},
	    {"!", SMTPCLIENT_LOST, 451},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct server srv;
		struct smtpclient_mail m = mail(1);
		struct buf script = {0};
		uint64_t blocks = 2000;

		m.next = endless;
		m.state = &blocks;
		buf_puts(&script, EHLO_ALL "<\n<\n<\n>250 ok\n>250 ok\n"
					   ">354 go\n,100\n");
		buf_puts(&script, cases[i].does);
		ok(open_server(&srv, buf_cstr(&script), 5000) == 0, "opened");
		is_size(smtpclient_send(&c, &m, results), 0, "in the middle");
		/* Data that nobody reads resets the connection, and may throw
		 * the words away with it. */
		if (results[0].outcome == SMTPCLIENT_LOST)
			is_result(0, SMTPCLIENT_LOST, SMTPCLIENT_DATA, 451,
			    "gone");
		else
			is_result(0, cases[i].outcome, SMTPCLIENT_DATA,
			    cases[i].code, "spoke");
		ok(!c.dot_sent && blocks > 0, "it did not get to the dot");
		smtpclient_close(&c);
		(void)server_said(&srv);
		buf_free(&script);
	}
}

/* Nobody reads what we write. */
static void
full(void)
{
	struct server srv;
	struct smtpclient_mail m = mail(1);
	uint64_t blocks = 2000;

	m.next = endless;
	m.state = &blocks;
	ok(open_server(&srv, EHLO_ALL "<\n<\n<\n>250 ok\n>250 ok\n>354 go\n=",
	    300) == 0, "opened");
	is_size(smtpclient_send(&c, &m, results), 0, "nobody reads");
	is_result(0, SMTPCLIENT_TIMEOUT, SMTPCLIENT_DATA, 451, "full");
	ok(!c.dot_sent && blocks > 0, "it did not get to the dot");
	smtpclient_close(&c);
	server_kill(&srv);
}

/* It reads as fast as we write, so that nothing is ever waited for. */
static void
greedy(void)
{
	struct server srv;
	struct smtpclient_mail m = mail(1);
	uint64_t blocks = UINT64_MAX;

	m.next = endless;
	m.state = &blocks;
	ok(open_server(&srv, EHLO_ALL "<\n<\n<\n>250 ok\n>250 ok\n>354 go\n#",
	    5000) == 0, "opened");
	c.config.deadline = clock_deadline(300);
	is_size(smtpclient_send(&c, &m, results), 0, "a message without end");
	is_result(0, SMTPCLIENT_TIMEOUT, SMTPCLIENT_DATA, 451, "greedy");
	smtpclient_close(&c);
	server_kill(&srv);
}

#define LOST	 SMTPCLIENT_LOST
#define TIMEOUT	 SMTPCLIENT_TIMEOUT
#define NONSENSE SMTPCLIENT_NONSENSE
#define TO_DATA	 EHLO_ALL "<\n<\n<\n<\n"
#define TO_DOT	 TO_DATA ">250 ok\n>250 ok\n>250 ok\n>354 go\n.\n"

/* What a server does, and what comes of it for both recipients. */
static const struct oddity {
	const char *name, *script;
	enum smtpclient_outcome outcome;
	enum smtpclient_stage stage;
	int code;
} oddities[] = {
	    {"silent at once", "~", TIMEOUT, SMTPCLIENT_GREETING, 451},
	    {"silent after EHLO", ">220 hi\n~", TIMEOUT, SMTPCLIENT_HELLO, 451},
	    {"silent after half a greeting", "]220 h\n~", TIMEOUT,
		SMTPCLIENT_GREETING, 451},
	    {"silent in a greeting", "]220-hi\\r\\n\n~", TIMEOUT,
		SMTPCLIENT_GREETING, 451},
	    {"silent after MAIL", EHLO_ALL "~", TIMEOUT, SMTPCLIENT_MAIL, 451},
	    {"silent after RCPT", EHLO_ALL "<\n>250 ok\n~", TIMEOUT,
		SMTPCLIENT_RCPT, 451},
	    {"silent after DATA", TO_DATA ">250 ok\n>250 ok\n>250 ok\n~",
		TIMEOUT, SMTPCLIENT_DATA, 451},
	    {"silent after the dot", TO_DOT "~", TIMEOUT, SMTPCLIENT_DOT, 451},
	    {"closes at once", "", LOST, SMTPCLIENT_GREETING, 451},
	    {"closes after the greeting", ">220 hi\n", LOST, SMTPCLIENT_HELLO,
		451},
	    {"closes after EHLO", ">220 hi\n<\n", LOST, SMTPCLIENT_HELLO, 451},
	    {"closes in EHLO's reply", ">220 hi\n<\n>250-mx\n", LOST,
		SMTPCLIENT_HELLO, 451},
	    {"closes after MAIL", EHLO_ALL "<\n", LOST, SMTPCLIENT_MAIL, 451},
	    {"closes after MAIL's reply", EHLO_ALL "<\n>250 ok\n", LOST,
		SMTPCLIENT_RCPT, 451},
	    {"closes after RCPT", EHLO_NONE "<\n>250 ok\n<\n", LOST,
		SMTPCLIENT_RCPT, 451},
	    {"closes after DATA", TO_DATA ">250 ok\n>250 ok\n>250 ok\n", LOST,
		SMTPCLIENT_DATA, 451},
	    {"closes after the dot", TO_DOT, LOST, SMTPCLIENT_DOT, 451},
	    {"closes in the dot's reply", TO_DOT "]250 o\n", LOST,
		SMTPCLIENT_DOT, 451},
	    {"421 greeting", ">421 4.3.2 busy\n", SMTPCLIENT_TEMPORARY,
		SMTPCLIENT_GREETING, 421},
	    {"554 greeting", ">554 no\n<\n>221 bye\n", SMTPCLIENT_PERMANENT,
		SMTPCLIENT_GREETING, 554},
	    {"421 to EHLO", ">220 hi\n<\n>421 busy\n", SMTPCLIENT_TEMPORARY,
		SMTPCLIENT_HELLO, 421},
	    {"4xx to EHLO", ">220 hi\n<\n>450 busy\n" QUIT, SMTPCLIENT_TEMPORARY,
		SMTPCLIENT_HELLO, 450},
	    {"neither EHLO nor HELO", ">220 hi\n<\n>500 no\n<\n>550 no\n" QUIT,
		SMTPCLIENT_PERMANENT, SMTPCLIENT_HELLO, 550},
	    {"421 to MAIL", EHLO_ALL "<\n>421 busy\n", SMTPCLIENT_TEMPORARY,
		SMTPCLIENT_MAIL, 421},
	    {"421 to RCPT", EHLO_NONE "<\n>250 ok\n<\n>421 busy\n",
		SMTPCLIENT_TEMPORARY, SMTPCLIENT_RCPT, 421},
	    {"421 to the second RCPT",
		TO_DATA ">250 ok\n>250 ok\n>421 busy\n~",
		SMTPCLIENT_TEMPORARY, SMTPCLIENT_RCPT, 421},
	    {"421 to DATA", TO_DATA ">250 ok\n>250 ok\n>250 ok\n>421 busy\n",
		SMTPCLIENT_TEMPORARY, SMTPCLIENT_DATA, 421},
	    {"421 to the dot", TO_DOT ">421 busy\n", SMTPCLIENT_TEMPORARY,
		SMTPCLIENT_DOT, 421},
	    {"garbage", ">HTTP/1.1 400 Bad Request\n~", NONSENSE,
		SMTPCLIENT_GREETING, 451},
	    {"SSH", ">SSH-2.0-OpenSSH_9.2\n~", NONSENSE, SMTPCLIENT_GREETING,
		451},
	    {"no digit", ">2x0 hi\n~", NONSENSE, SMTPCLIENT_GREETING, 451},
	    {"1xx", ">120 hi\n~", NONSENSE, SMTPCLIENT_GREETING, 451},
	    {"600", ">600 hi\n~", NONSENSE, SMTPCLIENT_GREETING, 451},
	    {"an empty line", ">\n~", NONSENSE, SMTPCLIENT_GREETING, 451},
	    {"no blank", ">220hi\n~", NONSENSE, SMTPCLIENT_GREETING, 451},
	    {"a NUL", "]220 h\\0i\\r\\n\n~", NONSENSE, SMTPCLIENT_GREETING, 451},
	    {"a bare CR", "]220 h\\ri\\r\\n\n~", NONSENSE, SMTPCLIENT_GREETING,
		451},
	    {"354 greeting", ">354 go\n~", NONSENSE, SMTPCLIENT_GREETING, 451},
	    {"codes that differ", ">220-hi\n>250 ho\n~", NONSENSE,
		SMTPCLIENT_GREETING, 451},
	    {"no end of lines", "*200 220-hi\n~", NONSENSE,
		SMTPCLIENT_GREETING, 451},
	    {"334 to MAIL", EHLO_ALL "<\n>334 eh\n~", NONSENSE,
		SMTPCLIENT_MAIL, 451},
	    {"250 to DATA", TO_DATA ">250 ok\n>250 ok\n>250 ok\n>250 ok\n~",
		NONSENSE, SMTPCLIENT_DATA, 451},
	    {"354 to the dot", TO_DOT ">354 go\n~", NONSENSE, SMTPCLIENT_DOT,
		451},
	    {"one reply too many", "]220 hi\\r\\n250 early\\r\\n\n~", NONSENSE,
		SMTPCLIENT_HELLO, 451},
	    {"one reply too many after EHLO",
		">220 hi\n<\n]250 mx\\r\\n250 ok\\r\\n\n~", NONSENSE,
		SMTPCLIENT_MAIL, 451},
	    {"a reply to what was not yet said",
		TO_DATA ">250 ok\n>250 ok\n>250 ok\n]354 go\\r\\n250 ok\\r\\n\n~",
		NONSENSE, SMTPCLIENT_DATA, 451},
};

static void
odd(const struct oddity *o)
{
	struct server srv;
	struct smtpclient_mail m = mail(2);
	char text[200];

	if (open_server(&srv, o->script, 300) == -1) {
		results[0] = *smtpclient_why(&c);
	} else {
		is_size(smtpclient_send(&c, &m, results), 0, o->name);
		snprintf(text, sizeof text, "%s: both", o->name);
		is_int(results[1].outcome, o->outcome, text);
	}
	is_result(0, o->outcome, o->stage, o->code, o->name);
	if (o->outcome >= SMTPCLIENT_TIMEOUT)
		ok(!results[0].theirs && results[0].reply.enhanced != NULL &&
		    !smtpclient_usable(&c), o->name);
	smtpclient_close(&c);
	server_kill(&srv);
}

/* Whether connect(2) has ended by then, the two of them do not know. */
static void
reset_at_once(void)
{
	struct server srv;

	ok(open_server(&srv, "!", 300) == -1, "resets at once");
	results[0] = *smtpclient_why(&c);
	is_result(0, SMTPCLIENT_LOST,
	    results[0].stage == SMTPCLIENT_CONNECT ? SMTPCLIENT_CONNECT :
						     SMTPCLIENT_GREETING,
	    451, "resets at once");
	smtpclient_close(&c);
	server_kill(&srv);
}

/* A line without end, and lines without end, each under its limit. */
static void
drip(void)
{
	struct server srv;
	struct buf script = {0};

	buf_puts(&script, "]220 ");
	for (int i = 0; i < 3000; i++)
		buf_putc(&script, 'x');
	buf_puts(&script, "\n~");
	is_int(open_server(&srv, buf_cstr(&script), 5000), -1, "a long line");
	is_int(smtpclient_why(&c)->outcome, SMTPCLIENT_NONSENSE,
	    "is not waited for");
	(void)server_said(&srv);

	buf_reset(&script);
	buf_puts(&script, "+1\n*100000 220-slow\n~");
	is_int(open_server(&srv, buf_cstr(&script), 200), -1,
	    "octets without end");
	is_int(smtpclient_why(&c)->outcome, SMTPCLIENT_TIMEOUT,
	    "end by the deadline of the whole reply");
	server_kill(&srv);

	buf_reset(&script);
	buf_puts(&script, EHLO_ALL "<\n<\n<\n>250 ok\n]550 ");
	for (int i = 0; i < 2000; i++)
		buf_puts(&script, i % 1000 == 0 ? "\xc3\xbc\\\\" : "y");
	buf_puts(&script, "\\r\\n\n>503 no\n~");
	is_int(open_server(&srv, buf_cstr(&script), 5000), 0, "opened");
	struct smtpclient_mail m = mail(1);
	is_size(smtpclient_send(&c, &m, results), 0, "a long text");
	is_result(0, SMTPCLIENT_PERMANENT, SMTPCLIENT_RCPT, 550, "long");
	ok(results[0].reply.text.n <= SMTPCLIENT_TEXT, "is cut");
	smtpclient_close(&c);
	(void)server_said(&srv);
	buf_free(&script);
}

int
main(void)
{
	alarm(120);
	smtpclient_init(&c, &(struct smtpclient_config){0});
	middle();
	full();
	greedy();
	for (size_t i = 0; i < sizeof oddities / sizeof *oddities; i++)
		odd(&oddities[i]);
	reset_at_once();
	drip();
	smtpclient_free(&c);
	return done_testing();
}
