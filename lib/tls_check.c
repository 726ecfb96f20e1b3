/*
 * tls_check: for --check, every certificate that a client may get, those by
 * name among them (tls_server.h). What a session does not look at is looked
 * at here: whether they are valid now.
 */
#include "cdbmap.h"
#include "clock.h"
#include "dir.h"
#include "tls_pairs.h"
#include "tls_peer.h"
#include <errno.h>
#include <string.h>

/* "2026-11-20T16:49:00.000000Z" as x509_dates() has it. */
static void
now_digits(char out[X509_TIME])
{
	char text[CLOCK_RFC3339];
	size_t n = 0;

	clock_format_rfc3339(clock_wall_us(), text);
	for (const char *p = text; n < X509_TIME - 1; p++)
		if (ascii_isdigit(*p))
			out[n++] = *p;
	out[n] = '\0';
}

static void
check_dates(const struct tls_pair *p, struct span where, struct buf *err)
{
	char now[X509_TIME], from[X509_TIME], until[X509_TIME];

	now_digits(now);
	if (!x509_dates(&p->leaf, from, until))
		return;
	if (strcmp(now, until) > 0)
		buf_printf(err, "%.*s: was valid until %.8s\n",
		    SPAN_ARG(where), until);
	if (strcmp(now, from) < 0)
		buf_printf(err, "%.*s: is not valid before %.8s\n",
		    SPAN_ARG(where), from);
}

static void
check_file(const char *path, const char *key, struct arena *a,
    struct buf *err)
{
	struct tls_pair p;

	if (tls_pair_load(&p, path, key, a, err) == -1)
		buf_putc(err, '\n');
	else
		check_dates(&p, span_of(path), err);
}

/* DIR/tlscerts/NAME.pem */
static void
check_directory(const char *dir, struct arena *a, struct buf *err)
{
	const char *path = arena_printf(a, "%s/tlscerts", dir).p, *name;
	struct dir d;

	if (dir_open(&d, path) == -1) {
		if (errno != ENOENT)
			buf_printf(err, "%s: %s\n", path, strerror(errno));
		return;
	}
	while ((name = dir_next(&d)) != NULL)
		if (span_iends(span_of(name), SPAN(".pem")))
			check_file(arena_printf(a, "%s/%s", path, name).p,
			    NULL, a, err);
	if (d.error != 0)
		buf_printf(err, "%s: %s\n", path, strerror(d.error));
	dir_close(&d);
}

static void
check_table(const char *dir, struct arena *a, struct buf *err)
{
	struct cdbmap m = {.path = arena_printf(a, "%s/tlscerts.cdb", dir).p};
	struct span name, text;
	unsigned at = 0;
	int r = cdbmap_open(&m);

	while (r == 1 && (r = cdbmap_next(&m, &at, &name, &text)) == 1) {
		struct span where = arena_printf(a, "%s: %.*s", m.path,
		    SPAN_ARG(name));
		const char *wrong;
		struct tls_pair p;

		if (tls_pair_parse(&p, text, text, a, &wrong) == 0)
			check_dates(&p, where, err);
		else
			buf_printf(err, "%.*s: %s\n", SPAN_ARG(where), wrong);
	}
	if (r == -1)
		buf_printf(err, "%s: %s\n", m.path, strerror(errno));
	cdbmap_close(&m);
}

bool
tls_server_check(const struct tls_server_config *c, struct buf *err)
{
	struct arena a = {0};
	size_t before = err->n;

	for (size_t i = 0; i < c->ncerts; i++)
		check_file(arena_cstr(&a, c->certs[i]),
		    i < c->nkeys ? arena_cstr(&a, c->keys[i]) : NULL, &a, err);
	if (c->nkeys > c->ncerts)
		buf_puts(err, "tlskey: more keys than certificates\n");
	if (c->ncerts > TLS_PAIRS)
		buf_printf(err, "tlscert: more than %d\n", TLS_PAIRS);
	check_directory(c->dir, &a, err);
	check_table(c->dir, &a, err);
	if (c->clientca != NULL && tls_peer_load(c->clientca, err) == -1)
		buf_putc(err, '\n');
	arena_free(&a);
	return err->n == before;
}
