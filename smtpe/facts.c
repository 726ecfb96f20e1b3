/* facts: what the script may know of the session (hook.h's struct
 * hook_facts, session.h). */
#include "file.h"
#include "message.h"
#include "peer.h"
#include "session.h"
#include <stdlib.h>

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

	/* A script has put another in its place. */
	if (s->at != NULL && s->at->replaced)
		return message_header(s->at, block) == 0;
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

#define META_OCTETS (1u << 20) /* after which old values are swept out */

/* Each change of a value leaves the old one in the arena. */
static void
sweep_metadata(struct session *s)
{
	struct arena fresh = {0}, old = s->meta_arena;
	struct message *m;

	if (old.used < META_OCTETS)
		return;
	m = arena_alloc(&fresh, sizeof *m);
	message_init(m, &fresh);
	for (size_t i = 0; i < s->conn_meta->nmeta; i++) {
		const struct envelope_meta *one = &s->conn_meta->meta[i];

		message_set_meta(m, one->key, one->type, one->value);
	}
	s->conn_meta = m;
	arena_free(&old);
	s->meta_arena = fresh;
	m->arena = m->own.arena = &s->meta_arena;
}

static struct message *
fact_metadata(void *p, bool connection)
{
	struct session *s = p;

	if (!connection)
		return s->facts.in_transaction ? session_message(s) : NULL;
	if (s->conn_meta == NULL) {
		s->conn_meta = arena_alloc(&s->meta_arena,
		    sizeof *s->conn_meta);
		message_init(s->conn_meta, &s->meta_arena);
	}
	sweep_metadata(s);
	return s->conn_meta;
}

void
session_forget_metadata(struct session *s)
{
	s->conn_meta = NULL;
	arena_reset(&s->meta_arena);
}

struct message *
session_message(struct session *s)
{
	struct transaction *tx = &s->tx;

	if (tx->msg == NULL) {
		tx->msg = arena_alloc(&tx->arena, sizeof *tx->msg);
		message_init(tx->msg, &tx->arena);
		tx->msg->edits = &tx->edits;
	}
	return tx->msg;
}

void
session_take_metadata(struct session *s, struct message *m)
{
	const struct message *from = s->conn_meta;

	for (size_t i = 0; from != NULL && i < from->nmeta; i++) {
		const struct envelope_meta *one = &from->meta[i];

		if (message_meta(m, one->key) == NULL)
			message_set_meta(m, one->key, one->type, one->value);
	}
}

void
session_set_message(struct session *s, struct message *m)
{
	s->at = m;
	s->facts.edits = m != NULL ? m->edits : &s->tx.edits;
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
	static const struct span lmtp[2][2] = {
	    {SPAN_LIT("LMTP"), SPAN_LIT("LMTPA")},
	    {SPAN_LIT("LMTPS"), SPAN_LIT("LMTPSA")}};

	if (s->controls.lmtp)
		return lmtp[session_encrypted(s)][s->auth_user.p != NULL];
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
	f->metadata = fact_metadata;
	f->host = fact_host;
	f->write = fact_write;
}

/* qmail's word for who it is, for what a script starts. */
static void
tell_children(const struct session *s)
{
	static bool told;

	if (s->auth_user.n > 0)
		told = setenv("TCPREMOTEINFO", s->auth_user.p, 1) == 0;
	else if (told)
		unsetenv("TCPREMOTEINFO");
}

void
session_client_changed(struct session *s)
{
	tell_children(s);
	session_forget_domains(s);
	session_settings_changed(s);
	session_set_facts(s);
}
