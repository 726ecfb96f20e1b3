/* smtpclient_open: connections, from the greeting to QUIT. */
#include "smtpclient_wire.h"
#include "num.h"
#include <errno.h>

#define QUIT_MS 2000 /* for manners, nothing depends on it */

static void
start(struct smtpclient *c)
{
	smtpclient_abort(c);
	arena_reset(&c->kept);
	c->extensions = 0;
	c->size_max = 0;
	c->broken = c->open = c->dot_sent = false;
	c->tls_failed = NULL;
}

int
smtpclient_connect(struct smtpclient *c, const struct span *hosts, size_t n)
{
	const struct smtpclient_config *o = &c->config;
	struct smtpclient_result r;

	start(c);
	if (dns_init(&c->dns, o->dnsservers, o->ndnsservers) == 0) {
		c->fd = tcp_connect(&c->dns, hosts, n, SMTPCLIENT_PORT,
		    o->connect_ms, o->deadline, &c->host);
		if (c->fd == -1)
			smtpclient_fail(c, SMTPCLIENT_CONNECT, errno);
		dns_close(&c->dns);
	} else {
		smtpclient_break(c, SMTPCLIENT_LOCAL, SMTPCLIENT_CONNECT,
		    errno);
	}
	if (c->broken)
		return -1;
	io_init(&c->io, c->fd, c->fd);
	smtpclient_get(c, SMTPCLIENT_GREETING, 2, o->reply_ms, &r);
	if (r.outcome == SMTPCLIENT_OK)
		return 0;
	c->broken = true;
	c->why = r;
	return -1;
}

/* One line of the reply to EHLO (RFC 5321 4.1.1.1). */
static void
learn(struct smtpclient *c, struct span line)
{
	static const struct {
		struct span word;
		unsigned bit;
	} known[] = {
	    {SPAN_LIT("PIPELINING"), SMTPCLIENT_PIPELINING},
	    {SPAN_LIT("8BITMIME"), SMTPCLIENT_8BITMIME},
	    {SPAN_LIT("SIZE"), SMTPCLIENT_SIZE},
	    {SPAN_LIT("STARTTLS"), SMTPCLIENT_STARTTLS},
	    {SPAN_LIT("SMTPUTF8"), SMTPCLIENT_SMTPUTF8},
	    {SPAN_LIT("ENHANCEDSTATUSCODES"), SMTPCLIENT_ENHANCED},
	    {SPAN_LIT("DSN"), SMTPCLIENT_DSN},
	};
	struct span word;

	if (!span_word(&line, &word))
		return;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (span_ieq(word, known[i].word))
			c->extensions |= known[i].bit;
	if (span_ieq(word, SPAN("SIZE")) && span_word(&line, &word))
		(void)num_parse_u64(word, &c->size_max);
}

/* EHLO or HELO; the reply's lines are in c->text. */
static void
greet(struct smtpclient *c, const char *verb, struct smtpclient_result *r)
{
	struct span name = c->config.helo;
	struct buf *line = smtpclient_line(c);

	if (name.n == 0)
		name = SPAN("localhost");
	buf_puts(line, verb);
	buf_putc(line, ' ');
	buf_put(line, name);
	/* A name that is two words would be a parameter. */
	if (span_chr(name, ' ') < name.n || smtpclient_put(c) == -1) {
		smtpclient_break(c, SMTPCLIENT_LOCAL, SMTPCLIENT_HELLO,
		    EINVAL);
		*r = c->why;
		return;
	}
	smtpclient_get(c, SMTPCLIENT_HELLO, 2, c->config.reply_ms, r);
}

int
smtpclient_hello(struct smtpclient *c)
{
	struct smtpclient_result r;
	struct span rest, line;

	c->extensions = 0;
	c->size_max = 0;
	if (smtpclient_spoke(c, SMTPCLIENT_HELLO))
		return -1;
	greet(c, c->config.lmtp ? "LHLO" : "EHLO", &r);
	if (r.outcome == SMTPCLIENT_OK) {
		rest = buf_span(&c->text);
		span_cut(&rest, '\n', &line); /* its name */
		while (span_cut(&rest, '\n', &line))
			learn(c, line);
		return 0;
	}
	/* RFC 5321 3.2: whatever it does not like about EHLO. */
	if (r.outcome == SMTPCLIENT_PERMANENT && !c->config.lmtp)
		greet(c, "HELO", &r);
	if (r.outcome == SMTPCLIENT_OK)
		return 0;
	c->broken = true;
	c->why = r;
	return -1;
}

static int
connect_hello_tls(struct smtpclient *c, struct span host)
{
	c->target = host;
	if (smtpclient_connect(c, &host, 1) == -1 || smtpclient_hello(c) == -1)
		return -1;
	return smtpclient_starttls(c);
}

/* Where TLS is only asked for, a host with which it fails is given the mail
 * without: a second connection, since the first one is of no use any more. */
static int
open_one(struct smtpclient *c, struct span host)
{
	const char *failed;
	int r;

	c->plain = false;
	r = connect_hello_tls(c, host);
	failed = c->tls_failed;
	if (r == -1 && failed != NULL && c->config.tls == SECURE_MAY) {
		c->plain = true;
		r = connect_hello_tls(c, host);
		c->tls_failed = failed;
	}
	return r;
}

int
smtpclient_open(struct smtpclient *c, const struct span *hosts, size_t n)
{
	if (n == 0) {
		start(c);
		smtpclient_fail(c, SMTPCLIENT_CONNECT, EINVAL);
	}
	for (size_t i = 0; i < n; i++) {
		bool good = open_one(c, hosts[i]) == 0;

		c->host = i;
		if (good)
			return 0;
		/* Refused, it is told goodbye like any other. */
		if (i + 1 < n)
			smtpclient_close(c);
	}
	smtpclient_close(c);
	return -1;
}

void
smtpclient_close(struct smtpclient *c)
{
	struct smtpclient_result why = c->why, r;
	bool broken = c->broken;

	/* A refusal at the greeting leaves a server that still listens. */
	if (c->fd != -1 && why.theirs && why.reply.code != 421)
		c->broken = false;
	if (smtpclient_usable(c)) {
		buf_puts(smtpclient_line(c), "QUIT");
		if (smtpclient_put(c) == 0)
			smtpclient_get(c, SMTPCLIENT_QUIT, 2, QUIT_MS, &r);
	}
	if (c->tls != NULL)
		tls_close(c->tls, &c->io);
	smtpclient_abort(c);
	c->broken = broken;
	c->why = why;
}
