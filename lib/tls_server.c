/* tls_server: see tls_server.h. */
#include "tls_server.h"
#include "log.h"
#include "tls_cache.h"
#include "tls_engine.h"
#include "tls_pairs.h"
#include "tls_peer.h"
#include "tls_pick.h"
#include <errno.h>

/* The one conversation. Pages of it that are not used are not there. */
static struct server {
	br_ssl_server_context context;
	struct tls_pick pick;
	struct resume {
		const br_ssl_session_cache_class *vtable;
		struct tls_cache file;
	} resume;
	bool resumed, asks;
	struct tls tls;
	struct tls_peer peer;
} server = {.resume = {NULL, {-1, NULL}}};

static bool ca_bad; /* of the settings in use */

static void
load_rest(const struct tls_server_config *c)
{
	struct buf err = {0};
	struct log l;

	ca_bad = c->clientca != NULL && tls_peer_load(c->clientca, &err) == -1;
	if (!ca_bad && c->nkeys > c->ncerts)
		buf_puts(&err, "tlskey: more keys than certificates");
	else if (!ca_bad && c->ncerts > TLS_PAIRS)
		buf_printf(&err, "tlscert: more than %d, the rest is not used",
		    TLS_PAIRS);
	if (err.n > 0) {
		log_open_at(&l, LOG_ERR, "tls-unusable");
		log_span(&l, "text", buf_span(&err));
		log_send(&l);
	}
	buf_free(&err);
}

bool
tls_server_usable(const struct tls_server_config *c)
{
	if (c->ncerts == 0)
		return false;
	if (!tls_pairs_same(c)) {
		tls_pairs_use(c);
		load_rest(c);
	}
	/* Who may relay by a certificate must not be turned away for good
	 * because we cannot read whose it is. */
	for (size_t i = 0; !ca_bad && i < tls_pairs_count(); i++)
		if (tls_pairs_get(i) != NULL)
			return true;
	return false;
}

/* --- resumption --- */

static int
load_session(const br_ssl_session_cache_class **ctx,
    br_ssl_server_context *cc, br_ssl_session_parameters *out)
{
	struct resume *r = (struct resume *)ctx;
	const br_ssl_engine_context *e = &cc->eng;
	struct tls_cache_entry entry;
	struct span name;
	char clean[TLS_NAME];
	size_t n;

	/* The name has not been read yet; all of the message is there, or the
	 * handshake is a full one. */
	if (!tls_hello_name(span_make((const char *)e->hbuf_in, e->hlen_in),
		&name))
		return 0;
	n = tls_hello_clean(name, clean);
	if (!tls_cache_find(&r->file, span_make(clean, n), out->session_id,
		&entry) ||
	    entry.version != BR_TLS12)
		return 0;
	out->version = entry.version;
	out->cipher_suite = entry.suite;
	memcpy(out->master_secret, entry.secret, sizeof entry.secret);
	explicit_bzero(&entry, sizeof entry);
	server.resumed = true;
	return 1;
}

/*
 * Sessions of clients with a certificate are not kept: the next handshake
 * would not see it, and what is in the file would stand for it.
 */
static void
save_session(const br_ssl_session_cache_class **ctx,
    br_ssl_server_context *cc, const br_ssl_session_parameters *in)
{
	struct resume *r = (struct resume *)ctx;
	struct tls_cache_entry entry;

	(void)cc;
	if (in->session_id_len != sizeof entry.id ||
	    (server.asks && server.peer.verified))
		return;
	memcpy(entry.id, in->session_id, sizeof entry.id);
	memcpy(entry.secret, in->master_secret, sizeof entry.secret);
	entry.version = in->version;
	entry.suite = in->cipher_suite;
	tls_cache_keep(&r->file,
	    span_make(server.pick.host, server.pick.host_n), &entry);
	explicit_bzero(&entry, sizeof entry);
}

static const br_ssl_session_cache_class resume_class = {
    sizeof(struct resume), save_session, load_session};

/* No directory: nobody wants one. Everything else somebody should know. */
static void
open_cache(const char *path)
{
	struct resume *r = &server.resume;
	struct log l;

	if (path == NULL)
		return;
	if (tls_cache_open(&r->file, path) == 0) {
		r->vtable = &resume_class;
		br_ssl_server_set_cache(&server.context, &r->vtable);
	} else if (errno != ENOENT) {
		log_open_at(&l, LOG_WARNING, "tls-cache");
		log_str(&l, "file", path);
		log_str(&l, "error", errno == EPERM ?
			"not a file that is ours alone (0600)" :
			strerror(errno));
		log_send(&l);
	}
}

/* --- a conversation --- */

struct tls *
tls_server_start(const struct tls_server_config *c)
{
	/* RFC 7301; a browser that was led here offers others, and gets none
	 * (ALPACA). */
	static const char *protocols[] = {"smtp", "esmtp"};
	br_ssl_server_context *cc = &server.context;

	br_ssl_server_zero(cc);
	tls_prepare(&server.tls, &cc->eng);
	server.pick.vtable = &tls_pick_class;
	br_ssl_server_set_policy(cc, &server.pick.vtable);
	br_ssl_engine_add_flags(&cc->eng, BR_OPT_ENFORCE_SERVER_PREFERENCES |
		BR_OPT_FAIL_ON_ALPN_MISMATCH);
	br_ssl_engine_set_protocol_names(&cc->eng, protocols,
	    sizeof protocols / sizeof *protocols);
	server.asks = c->clientca != NULL;
	if (server.asks)
		tls_peer_ask(&server.peer, cc);
	open_cache(c->cache);
	br_ssl_server_reset(cc);
	/* An alert about a version that we do not speak is a record, too, and
	 * clients want one of some version around it. */
	cc->eng.version_out = BR_TLS12;
	return &server.tls;
}

void
tls_server_facts(struct tls_server_facts *out)
{
	struct tls_pick *k = &server.pick;

	/* Nobody chose when a session was resumed. */
	k->host_n = tls_hello_clean(span_of(
	    br_ssl_engine_get_server_name(&server.context.eng)), k->host);
	tls_cache_close(&server.resume.file);
	*out = (struct tls_server_facts){
	    .protocol = span_of(tls_protocol(&server.tls)),
	    .cipher = span_of(tls_cipher(&server.tls)),
	    .sni = {k->host_n > 0 ? k->host : NULL, k->host_n},
	    .bits = tls_bits(&server.tls),
	    .resumed = server.resumed && k->pair == NULL,
	};
	if (server.asks && !out->resumed)
		out->peer = tls_peer_name(&server.peer);
}
