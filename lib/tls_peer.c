/*
 * tls_peer: see tls_peer.h. BearSSL is told to tolerate clients without a
 * certificate; then one that it could not verify yields a key all the same
 * (BR_OPT_TOLERATE_NO_CLIENT_AUTH). So what counts is the word of the
 * validation itself, which is heard here.
 */
#include "tls_peer.h"
#include "arena.h"
#include "clock.h"
#include "file.h"
#include "pem.h"
#include "tls_engine.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>

#define FILE_MAX  1048576
#define DAY	  86400
#define TO_EPOCH  719528 /* days from year 0 to 1970 */

static struct {
	struct arena arena;
	br_x509_trust_anchor anchors[TLS_ANCHORS];
	size_t n;
} trust;

static unsigned char *
octets(struct span s)
{
	return (unsigned char *)(uintptr_t)s.p;
}

/* A CA, or with a certificate that is none the client itself. */
static bool
make_anchor(br_x509_trust_anchor *t, const struct x509 *c)
{
	memset(t, 0, sizeof *t);
	t->dn.data = octets(c->subject);
	t->dn.len = c->subject.n;
	t->flags = c->ca ? BR_X509_TA_CA : 0;
	if (c->key == X509_RSA) {
		t->pkey.key_type = BR_KEYTYPE_RSA;
		t->pkey.key.rsa.n = octets(c->rsa_n);
		t->pkey.key.rsa.nlen = c->rsa_n.n;
		t->pkey.key.rsa.e = octets(c->rsa_e);
		t->pkey.key.rsa.elen = c->rsa_e.n;
		return true;
	}
	t->pkey.key_type = BR_KEYTYPE_EC;
	t->pkey.key.ec.curve = c->key == X509_P256 ? BR_EC_secp256r1 :
	    c->key == X509_P384 ? BR_EC_secp384r1 : BR_EC_secp521r1;
	t->pkey.key.ec.q = octets(c->ec_point);
	t->pkey.key.ec.qlen = c->ec_point.n;
	return c->key != X509_OTHER;
}

static const char *
add_anchor(struct span der)
{
	struct x509 c;

	if (trust.n == TLS_ANCHORS)
		return "more certificates than can be named to clients";
	if (x509_parse(arena_dup(&trust.arena, der), &c) == -1)
		return "a certificate is broken";
	if (!make_anchor(&trust.anchors[trust.n], &c))
		return "a key is neither RSA nor EC on P-256, P-384 or P-521";
	trust.n++;
	return NULL;
}

/* Again, because what it holds is borrowed from the arena. */
static const char *
parse(struct span text)
{
	struct buf der = {0};
	const char *wrong = NULL;
	struct span label;
	int r;

	while (wrong == NULL && (r = pem_next(&text, &label, &der)) != 0) {
		if (r == -1)
			wrong = "a certificate has no end or is no base64";
		else if (span_eq(label, SPAN("CERTIFICATE")))
			wrong = add_anchor(buf_span(&der));
		buf_reset(&der);
	}
	buf_free(&der);
	return wrong == NULL && trust.n == 0 ? "no certificate in it" : wrong;
}

int
tls_peer_load(const char *path, struct buf *err)
{
	struct buf text = {0};
	const char *wrong = NULL;

	arena_reset(&trust.arena);
	trust.n = 0;
	if (file_read_at(AT_FDCWD, path, FILE_MAX, &text) == -1)
		wrong = strerror(errno);
	else
		wrong = parse(buf_span(&text));
	buf_free(&text);
	if (wrong == NULL)
		return 0;
	trust.n = 0;
	buf_printf(err, "%s: %s", path, wrong);
	return -1;
}

/* --- the class around br_x509_minimal --- */

static struct tls_peer *
peer_of(const br_x509_class **ctx)
{
	return (struct tls_peer *)ctx;
}

static const br_x509_class **
inner(struct tls_peer *p)
{
	return &p->minimal.vtable;
}

static void
start_chain(const br_x509_class **ctx, const char *server_name)
{
	struct tls_peer *p = peer_of(ctx);

	(void)server_name;
	p->verified = false;
	p->first = true;
	p->n = 0;
	(*inner(p))->start_chain(inner(p), NULL);
}

static void
start_cert(const br_x509_class **ctx, uint32_t length)
{
	struct tls_peer *p = peer_of(ctx);

	(*inner(p))->start_cert(inner(p), length);
}

static void
append(const br_x509_class **ctx, const unsigned char *data, size_t n)
{
	struct tls_peer *p = peer_of(ctx);
	size_t room = sizeof p->leaf - p->n;

	if (p->first) {
		/* One that is larger has no name: x509_parse() will say. */
		memcpy(p->leaf + p->n, data, n < room ? n : room);
		p->n += n < room ? n : room;
	}
	(*inner(p))->append(inner(p), data, n);
}

static void
end_cert(const br_x509_class **ctx)
{
	struct tls_peer *p = peer_of(ctx);

	p->first = false;
	(*inner(p))->end_cert(inner(p));
}

static unsigned
end_chain(const br_x509_class **ctx)
{
	struct tls_peer *p = peer_of(ctx);
	unsigned r = (*inner(p))->end_chain(inner(p));

	p->verified = r == 0 && p->minimal.err == BR_ERR_X509_OK;
	return r;
}

static const br_x509_pkey *
get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
	const struct tls_peer *p = (const struct tls_peer *)ctx;

	return p->minimal.vtable->get_pkey(&p->minimal.vtable, usages);
}

static const br_x509_class class = {sizeof(struct tls_peer), start_chain,
    start_cert, append, end_cert, end_chain, get_pkey};

void
tls_peer_ask(struct tls_peer *p, br_ssl_server_context *cc)
{
	br_x509_minimal_context *m = &p->minimal;
	int64_t now = clock_wall();

	p->vtable = &class;
	p->verified = false;
	p->n = 0;
	br_x509_minimal_init(m, &br_sha256_vtable, trust.anchors, trust.n);
	br_x509_minimal_set_hash(m, br_sha256_ID, &br_sha256_vtable);
	br_x509_minimal_set_hash(m, br_sha384_ID, &br_sha384_vtable);
	br_x509_minimal_set_hash(m, br_sha512_ID, &br_sha512_vtable);
	br_x509_minimal_set_rsa(m, br_rsa_pkcs1_vrfy_get_default());
	br_x509_minimal_set_ecdsa(m, br_ec_get_default(), tls_ecdsa_verify);
	br_x509_minimal_set_time(m, (uint32_t)(now / DAY + TO_EPOCH),
	    (uint32_t)(now % DAY));
	br_ssl_engine_set_x509(&cc->eng, &p->vtable);
	br_ssl_server_set_trust_anchor_names_alt(cc, trust.anchors, trust.n);
	br_ssl_engine_add_flags(&cc->eng, BR_OPT_TOLERATE_NO_CLIENT_AUTH);
}

struct span
tls_peer_name(const struct tls_peer *p)
{
	struct span name, der = {(const char *)p->leaf, p->n};
	struct x509 c;

	if (!p->verified || x509_parse(der, &c) == -1 || !x509_name(&c, &name))
		return (struct span){NULL, 0};
	return name;
}
