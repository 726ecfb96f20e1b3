/* facts: what the script may know of the session (hook.h's struct
 * hook_facts, session.h). */
#include "file.h"
#include "peer.h"
#include "session.h"

static struct span
fact_host(void *p)
{
	return session_peer_name(p);
}

static bool
fact_write(void *p, struct span text)
{
	struct session *s = p;

	io_write(&s->io, text);
	return io_flush(&s->io) == 0;
}

/* Read back from the file when a script wants it, once. */
static bool
fact_header(void *p, struct span *block)
{
	struct session *s = p;
	struct buf *b = &s->tx.header;
	size_t n;

	if (s->scan == NULL || s->in.fd == -1 ||
	    !(s->scan->done || s->message_ended))
		return false;
	n = (size_t)s->scan->block;
	if (b->n == 0 && n > 0) {
		if (queue_in_flush(&s->in) == -1 ||
		    file_pread_all(s->in.fd, buf_reserve(b, n), n, 0) == -1)
			return false;
		b->n = n;
	}
	*block = buf_span(b);
	return true;
}

void
session_settings_changed(void *p)
{
	struct session *s = p;
	int64_t all = s->controls.timeoutsession;
	clock_ms before = s->deadline;

	s->deadline = all > 0 ? s->started + all : CLOCK_NEVER;
	if (s->io.session_deadline == before)
		s->io.session_deadline = s->deadline;
	s->relay_client = s->launcher_relays ||
	    peer_is_in(&s->peer, &s->controls.relayhosts);
	s->xclient = peer_is_in(&s->peer, &s->controls.xclienthosts);
}

/* RFC 3848: S for TLS, A for authenticated. */
static struct span
protocol(const struct session *s)
{
	static const struct span names[2][2] = {
	    {SPAN_LIT("ESMTP"), SPAN_LIT("ESMTPA")},
	    {SPAN_LIT("ESMTPS"), SPAN_LIT("ESMTPSA")}};

	if (!s->esmtp)
		return SPAN("SMTP");
	return names[session_encrypted(s)][s->auth_user.p != NULL];
}

void
session_set_facts(struct session *s)
{
	static char id[ID_SIZE];
	struct hook_facts *f = &s->facts;

	if (id[0] == '\0')
		id_make(id);
	f->session = s;
	f->ip = s->peer.ip_text;
	f->port = s->peer.port;
	f->local_ip = s->peer.local_ip_text;
	f->local_port = s->peer.local_port;
	f->protocol = protocol(s);
	f->helo = s->helo;
	f->relay = s->relay_client || s->auth_user.p != NULL;
	f->auth_user = s->auth_user;
	f->auth_mechanism = s->auth_mechanism;
	f->id_session = span_of(id);
	f->edits = &s->tx.edits;
	f->header = fact_header;
	f->host = fact_host;
	f->write = fact_write;
}

void
session_client_changed(struct session *s)
{
	session_forget_domains(s);
	session_settings_changed(s);
	session_set_facts(s);
}
