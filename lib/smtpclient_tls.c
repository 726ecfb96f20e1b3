/*
 * smtpclient_tls: STARTTLS (RFC 3207). What the server said in the clear is
 * forgotten: octets behind its 220 are thrown away (CVE-2011-0411 goes in this
 * direction, too), and EHLO is said again.
 */
#include "smtpclient_wire.h"
#include <errno.h>
#include <stdio.h>

/* The connection ends here, and why. */
static int
insecure(struct smtpclient *c, const char *enhanced, struct span text)
{
	c->broken = true;
	c->why = smtpclient_ours(SMTPCLIENT_INSECURE, SMTPCLIENT_TLS, 451,
	    enhanced, "");
	c->why.reply.text = text;
	return -1;
}

/* The words of others live until they say something else. */
static void
note_failure(struct smtpclient *c, const char *why)
{
	snprintf(c->tls_text, sizeof c->tls_text, "%s", why);
	c->tls_failed = c->tls_text;
}

/* The name in the certificate. */
static struct span
name_of(struct smtpclient *c)
{
	struct target target;
	struct span name = c->config.peer;

	if (name.n == 0 && target_parse(c->target, &target) == 0)
		name = target.host;
	if (name.n > 0 && name.p[name.n - 1] == '.')
		name.n--;
	return name;
}

/* The table or the name cannot be had: ours, not the server's. */
static int
no_start(struct smtpclient *c, int error)
{
	struct span text;

	if (error == EINVAL)
		text = SPAN("no name that a certificate could prove");
	else if (c->config.ca == NULL)
		text = SPAN("no table of certification authorities");
	else
		text = arena_printf(&c->kept, "%s: %s", c->config.ca,
		    error == EPROTO ? "damaged" : strerror(error));
	return insecure(c, "4.3.5", text);
}

static int
shake_hands(struct smtpclient *c)
{
	bool verify = c->config.tls == SECURE_VERIFY;
	struct tls *tls;

	if (c->tls_client == NULL)
		c->tls_client = tls_client_new();
	if (verify && c->ca.table.path != c->config.ca) {
		cdbmap_close(&c->ca.table);
		c->ca.table.path = c->config.ca;
	}
	errno = ENOENT;
	if (verify && c->config.ca == NULL)
		return no_start(c, ENOENT);
	tls = tls_client_start(c->tls_client, name_of(c),
	    verify ? &c->ca : NULL);
	if (tls == NULL)
		return no_start(c, errno);
	c->io.command_deadline = clock_deadline(c->config.reply_ms);
	c->io.session_deadline = c->config.deadline;
	if (tls_handshake(tls, &c->io, TLS_FORGET) == 0) {
		c->tls = tls;
		return 0;
	}
	note_failure(c, errno == EPROTO ? tls_strerror(tls_error(tls)) :
		errno == ETIMEDOUT	? "no answer in time" :
					  "connection lost");
	return insecure(c, "4.7.5", arena_printf(&c->kept, "TLS failed: %s",
	    c->tls_failed));
}

int
smtpclient_starttls(struct smtpclient *c)
{
	bool may = c->config.tls == SECURE_MAY;
	struct smtpclient_result r;

	if (c->config.tls == SECURE_NONE || c->plain)
		return 0;
	if ((c->extensions & SMTPCLIENT_STARTTLS) == 0)
		return may ? 0 : insecure(c, "4.7.4",
		    SPAN("the server does not offer STARTTLS"));
	smtpclient_command(c, SPAN("STARTTLS"), SMTPCLIENT_TLS, &r);
	if (c->broken) {
		note_failure(c, "connection lost");
		return -1;
	}
	/* Refused, it goes on without (RFC 3207 4). */
	if (r.outcome != SMTPCLIENT_OK || r.reply.code != 220) {
		note_failure(c, "STARTTLS is refused");
		return may ? 0 : insecure(c, "4.7.4", arena_printf(&c->kept,
		    "STARTTLS is refused: %d %.*s", r.reply.code,
		    SPAN_ARG(r.reply.text)));
	}
	if (shake_hands(c) == -1)
		return -1;
	return smtpclient_hello(c);
}
