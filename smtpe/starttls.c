/* starttls: see starttls.h. */
#include "starttls.h"
#include "log.h"
#include "tls_server.h"
#include <errno.h>

static struct tls_server_config
config(const struct session *s)
{
	const struct controls *c = &s->controls;
	const char *cache = c->tlscache;

	if (cache != NULL && strcmp(cache, "none") == 0)
		cache = NULL;
	return (struct tls_server_config){
	    .certs = c->tlscert.v,
	    .ncerts = c->tlscert.n,
	    .keys = c->tlskey.v,
	    .nkeys = c->tlskey.n,
	    .dir = c->dir,
	    .clientca = c->tlsclientca,
	    .cache = cache,
	};
}

bool
starttls_configured(const struct session *s)
{
	return s->controls.tlscert.n > 0;
}

bool
starttls_usable(const struct session *s)
{
	struct tls_server_config c = config(s);

	return tls_server_usable(&c);
}

/* Does submission need it, because AUTH does? */
static bool
is_for_auth(const struct controls *c)
{
	for (size_t i = 0; i < c->authplain.n; i++)
		if (!span_eq(c->authplain.v[i], SPAN("0")))
			return false;
	return c->submission;
}

/* Where only some connections have a certificate, others say which. */
static bool
is_wanted(const struct session *s)
{
	const struct controls *c = &s->controls;

	return (s->smtps || c->tlsrequire || is_for_auth(c)) &&
	    !c->has_access && !hook_defined(s->hooks, HOOK_params);
}

bool
starttls_check(const struct session *s, struct buf *err)
{
	struct tls_server_config c = config(s);
	size_t before = err->n;

	if (!starttls_configured(s) && is_wanted(s))
		buf_puts(err, "tlscert: none, and mail is taken over TLS "
		    "alone\n");
	if (s->controls.tlsrequire && !s->smtps && control_list_has(
	    &s->controls.hideextensions, SPAN("STARTTLS")))
		buf_puts(err, "hideextensions: STARTTLS, which tlsrequire "
		    "wants\n");
	tls_server_check(&c, err);
	return err->n == before;
}

struct reply
starttls_required(const struct session *s)
{
	if (!s->controls.tlsrequire || session_encrypted(s))
		return REPLY_NONE;
	if (!starttls_usable(s))
		return REPLY(454, "4.7.0", "TLS is not available right now");
	return REPLY(530, "5.7.0", "Say STARTTLS first");
}

static void
show_facts(struct session *s)
{
	struct tls_server_facts t;
	struct hook_facts *f = &s->facts;

	tls_server_facts(&t);
	f->tls_protocol = t.protocol;
	f->tls_cipher = t.cipher;
	f->tls_sni = t.sni;
	f->tls_peer = t.peer;
	f->tls_bits = t.bits;
	f->tls_resumed = t.resumed;
}

static void
log_success(struct session *s)
{
	const struct hook_facts *f = &s->facts;
	struct log l;

	log_open(&l, "tls");
	log_span(&l, "id", f->id_session);
	log_span(&l, "ip", s->peer.ip_text);
	log_span(&l, "protocol", f->tls_protocol);
	log_span(&l, "cipher", f->tls_cipher);
	if (f->tls_sni.p != NULL)
		log_span(&l, "sni", f->tls_sni);
	if (f->tls_peer.p != NULL)
		log_span(&l, "peer", f->tls_peer);
	log_num(&l, "resumed", f->tls_resumed);
	log_send(&l);
}

static void
open_event(struct log *l, const struct session *s, int level,
    const char *event)
{
	log_open_at(l, level, event);
	log_span(l, "id", s->facts.id_session);
	log_span(l, "ip", s->peer.ip_text);
}

static void
log_failure(struct session *s, int e)
{
	int error = tls_error(s->tls);
	struct log l;

	open_event(&l, s, LOG_INFO, "tls-failed");
	log_str(&l, "error", e == EPROTO ? tls_strerror(error) : strerror(e));
	log_send(&l);
}

static void
log_early(struct session *s, size_t octets)
{
	struct log l;

	open_event(&l, s, LOG_WARNING, "tls-early");
	log_num(&l, "octets", (int64_t)octets);
	log_send(&l);
}

void
starttls_broken(struct session *s)
{
	struct log l;

	open_event(&l, s, LOG_WARNING, "tls-broken");
	log_str(&l, "error", tls_strerror(tls_error(s->tls)));
	log_send(&l);
}

bool
starttls_begin(struct session *s, enum tls_early early)
{
	struct tls_server_config c = config(s);
	struct span before = io_pending(&s->io);
	int e;

	if (early == TLS_FORGET && before.n > 0)
		log_early(s, before.n);
	s->io.command_deadline = clock_deadline(s->controls.timeoutsmtpd);
	s->tls = tls_server_start(&c);
	if (tls_handshake(s->tls, &s->io, early) == 0) {
		s->encrypted = true;
		show_facts(s);
		log_success(s);
		return true;
	}
	e = errno;
	log_failure(s, e);
	s->ending = e == ETIMEDOUT ? END_TIMEOUT :
	    e == ECANCELED ? END_STOPPED : END_GONE;
	session_tell_error(s, e);
	return false;
}

void
starttls_end(struct session *s)
{
	if (s->encrypted)
		tls_close(s->tls, &s->io);
}
