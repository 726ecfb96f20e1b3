/* tls_pairs: see tls_pairs.h. */
#include "tls_pairs.h"
#include "cdbmap.h"
#include "log.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
	struct tls_server_config config;
	struct tls_pair *pair[TLS_PAIRS];
	bool tried[TLS_PAIRS];
	struct arena arena;
	struct cdbmap cdb;
} pairs;

void
tls_pairs_use(const struct tls_server_config *c)
{
	cdbmap_close(&pairs.cdb);
	arena_reset(&pairs.arena);
	memset(pairs.pair, 0, sizeof pairs.pair);
	memset(pairs.tried, 0, sizeof pairs.tried);
	pairs.config = *c;
	pairs.cdb = (struct cdbmap){0};
}

bool
tls_pairs_same(const struct tls_server_config *c)
{
	const struct tls_server_config *have = &pairs.config;

	return c->certs == have->certs && c->ncerts == have->ncerts &&
	    c->keys == have->keys && c->nkeys == have->nkeys &&
	    c->dir == have->dir && c->clientca == have->clientca;
}

size_t
tls_pairs_count(void)
{
	size_t n = pairs.config.ncerts;

	return n < TLS_PAIRS ? n : TLS_PAIRS;
}

static void
complain(struct buf *err)
{
	struct log l;

	log_open_at(&l, LOG_ERR, "tls-unusable");
	log_span(&l, "text", buf_span(err));
	log_send(&l);
	buf_reset(err);
}

const struct tls_pair *
tls_pairs_get(size_t i)
{
	const struct tls_server_config *c = &pairs.config;
	struct arena *a = &pairs.arena;
	struct buf err = {0};
	struct tls_pair *p;
	const char *key = NULL;

	if (i >= tls_pairs_count())
		return NULL;
	if (pairs.tried[i])
		return pairs.pair[i];
	pairs.tried[i] = true;
	p = arena_alloc(a, sizeof *p);
	if (i < c->nkeys)
		key = arena_cstr(a, c->keys[i]);
	if (tls_pair_load(p, arena_cstr(a, c->certs[i]), key, a, &err) == 0)
		pairs.pair[i] = p;
	else
		complain(&err);
	buf_free(&err);
	return pairs.pair[i];
}

/* DIR/tlscerts/NAME.pem, NULL when there is none. */
static struct tls_pair *
from_file(struct span name)
{
	struct arena *a = &pairs.arena;
	struct tls_pair *p = NULL;
	struct buf err = {0};
	const char *path;

	path = arena_printf(a, "%s/tlscerts/%.*s.pem", pairs.config.dir,
	    SPAN_ARG(name)).p;
	if (access(path, F_OK) == -1 && (errno == ENOENT || errno == ENOTDIR))
		return NULL;
	p = arena_alloc(a, sizeof *p);
	if (tls_pair_load(p, path, NULL, a, &err) == -1) {
		complain(&err);
		p = NULL;
	}
	buf_free(&err);
	return p;
}

/* The same text in tlscerts.cdb. */
static struct tls_pair *
from_cdb(struct span name)
{
	struct arena *a = &pairs.arena;
	struct tls_pair *p = NULL;
	struct buf err = {0};
	struct span text;
	const char *wrong = NULL;
	int r;

	if (pairs.cdb.path == NULL)
		pairs.cdb.path = arena_printf(a, "%s/tlscerts.cdb",
		    pairs.config.dir).p;
	r = cdbmap_look(&pairs.cdb, name, &text);
	if (r == 0)
		return NULL;
	if (r == -1)
		wrong = strerror(errno);
	if (r == 1) {
		p = arena_alloc(a, sizeof *p);
		tls_pair_parse(p, text, text, a, &wrong);
	}
	if (wrong != NULL) {
		p = NULL;
		buf_printf(&err, "%s: %.*s: %s", pairs.cdb.path,
		    SPAN_ARG(name), wrong);
		complain(&err);
	}
	buf_free(&err);
	return p;
}

/*
 * NAME, and NAME.rsa for clients that take no other key; then the domain above
 * it, whose certificate must say that it covers NAME. Each first as a file,
 * then in the table.
 */
const struct tls_pair *
tls_pairs_named(struct span host, size_t i)
{
	struct arena *a = &pairs.arena;
	size_t label = span_chr(host, '.');
	struct span name = host;
	struct tls_pair *p;
	bool parent = i >= TLS_PLACES / 2;

	if (parent && (label == host.n ||
		span_chr(span_skip(host, label + 1), '.') + label + 1 >= host.n))
		return NULL;
	if (parent)
		name = span_skip(host, label + 1);
	if (i & 2)
		name = arena_printf(a, "%.*s.rsa", SPAN_ARG(name));
	p = (i & 1) ? from_cdb(name) : from_file(name);
	return p != NULL && parent && !x509_covers(&p->leaf, host) ? NULL : p;
}
