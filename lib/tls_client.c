/*
 * tls_client: see tls_client.h. BearSSL asks a class of functions what it
 * should think of a certificate: one here takes any, the other puts BearSSL's
 * own verification behind a look-up of each certificate's issuer.
 */
#include "tls_client.h"
#include "address.h"
#include "clock.h"
#include "die.h"
#include "ip.h"
#include "tls_anchor.h"
#include <errno.h>
#include <sys/mman.h>

#define HEAD_MAX 8192 /* octets of a certificate up to its issuer's end */
#define EPOCH	 719528 /* days from year 0 to 1970 */

/* Takes any certificate that holds a key. */
struct anybody {
	const br_x509_class *vtable;
	unsigned certificates;
	br_x509_decoder_context first;
};

/* Takes those whose chain leads to the table. */
struct verified {
	const br_x509_class *vtable;
	struct tls_ca *ca;
	bool found;	  /* this certificate's issuer was looked up */
	bool broken;	  /* the table is */
	size_t n;
	br_x509_minimal_context minimal;
	br_x509_trust_anchor anchors[TLS_ANCHORS];
	char head[HEAD_MAX];
};

struct tls_client {
	br_ssl_client_context context;
	char name[ADDRESS_DOMAIN_MAX + 1];
	union {
		struct anybody anybody;
		struct verified verified;
	} x509;
	struct tls tls; /* last: its buffers are touched as they are used */
};

/* --- anybody --- */

static void
any_start_chain(const br_x509_class **c, const char *name)
{
	struct anybody *a = (void *)c;

	(void)name;
	a->certificates = 0;
}

static void
any_start_cert(const br_x509_class **c, uint32_t length)
{
	struct anybody *a = (void *)c;

	(void)length;
	if (a->certificates++ == 0)
		br_x509_decoder_init(&a->first, NULL, NULL);
}

static void
any_append(const br_x509_class **c, const unsigned char *p, size_t n)
{
	struct anybody *a = (void *)c;

	if (a->certificates == 1)
		br_x509_decoder_push(&a->first, p, n);
}

static void
any_end_cert(const br_x509_class **c)
{
	(void)c;
}

static unsigned
any_end_chain(const br_x509_class **c)
{
	struct anybody *a = (void *)c;
	int error;

	if (a->certificates == 0)
		return BR_ERR_X509_EMPTY_CHAIN;
	error = br_x509_decoder_last_error(&a->first);
	return (unsigned)error;
}

static const br_x509_pkey *
any_get_pkey(const br_x509_class *const *c, unsigned *usages)
{
	struct anybody *a = (void *)(uintptr_t)c;

	if (usages != NULL)
		*usages = BR_KEYTYPE_KEYX | BR_KEYTYPE_SIGN;
	return br_x509_decoder_get_pkey(&a->first);
}

static const br_x509_class anybody_class = {sizeof(struct anybody),
    any_start_chain, any_start_cert, any_append, any_end_cert, any_end_chain,
    any_get_pkey};

/* --- verified --- */

static void
ver_start_chain(const br_x509_class **c, const char *name)
{
	struct verified *v = (void *)c;

	v->broken = false;
	v->minimal.vtable->start_chain(&v->minimal.vtable, name);
}

static void
ver_start_cert(const br_x509_class **c, uint32_t length)
{
	struct verified *v = (void *)c;

	v->n = 0;
	v->found = false;
	/* Whom the last one's issuer is does not matter to this one. */
	v->minimal.trust_anchors = v->anchors;
	v->minimal.trust_anchors_num = 0;
	v->minimal.vtable->start_cert(&v->minimal.vtable, length);
}

static void
look_up(struct verified *v, struct span issuer)
{
	unsigned char key[TLS_CA_KEY];
	struct span value;
	int r;

	v->found = true;
	tls_anchor_key(issuer, key);
	r = cdbmap_look(&v->ca->table, span_make((const char *)key,
	    sizeof key), &value);
	if (r == 1)
		r = tls_anchor_parse(value, issuer, v->anchors);
	if (r == -1)
		v->broken = true;
	else
		v->minimal.trust_anchors_num = (size_t)r;
}

static void
ver_append(const br_x509_class **c, const unsigned char *p, size_t n)
{
	struct verified *v = (void *)c;
	size_t room = sizeof v->head - v->n;
	struct span issuer;

	/* Before BearSSL has read on to where it compares. */
	if (!v->found) {
		memcpy(v->head + v->n, p, n < room ? n : room);
		v->n += n < room ? n : room;
		if (tls_anchor_issuer(span_make(v->head, v->n), &issuer) == 1)
			look_up(v, issuer);
	}
	v->minimal.vtable->append(&v->minimal.vtable, p, n);
}

static void
ver_end_cert(const br_x509_class **c)
{
	struct verified *v = (void *)c;

	v->minimal.vtable->end_cert(&v->minimal.vtable);
}

static unsigned
ver_end_chain(const br_x509_class **c)
{
	struct verified *v = (void *)c;
	unsigned r = v->minimal.vtable->end_chain(&v->minimal.vtable);

	/* A table that cannot be read proves nothing. */
	return r == 0 && v->broken ? BR_ERR_X509_NOT_TRUSTED : r;
}

static const br_x509_pkey *
ver_get_pkey(const br_x509_class *const *c, unsigned *usages)
{
	const struct verified *v = (const void *)c;

	return v->minimal.vtable->get_pkey(&v->minimal.vtable, usages);
}

static const br_x509_class verified_class = {sizeof(struct verified),
    ver_start_chain, ver_start_cert, ver_append, ver_end_cert, ver_end_chain,
    ver_get_pkey};

static void
prepare_verified(struct verified *v, struct tls_ca *ca)
{
	int64_t now = clock_wall();
	br_x509_minimal_context *m = &v->minimal;

	v->vtable = &verified_class;
	v->ca = ca;
	br_x509_minimal_init(m, &br_sha256_vtable, v->anchors, 0);
	br_x509_minimal_set_hash(m, br_sha256_ID, &br_sha256_vtable);
	br_x509_minimal_set_hash(m, br_sha384_ID, &br_sha384_vtable);
	br_x509_minimal_set_hash(m, br_sha512_ID, &br_sha512_vtable);
	br_x509_minimal_set_rsa(m, br_rsa_pkcs1_vrfy_get_default());
	br_x509_minimal_set_ecdsa(m, br_ec_get_default(), tls_ecdsa_verify);
	br_x509_minimal_set_time(m, (uint32_t)(now / 86400 + EPOCH),
	    (uint32_t)(now % 86400));
}

/* --- both --- */

struct tls_client *
tls_client_new(void)
{
	void *p = mmap(NULL, sizeof(struct tls_client),
	    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die_temp_errno("memory for TLS");
	return p;
}

void
tls_client_free(struct tls_client *t)
{
	if (t != NULL)
		munmap(t, sizeof *t);
}

/* A name that stands in certificates: not an address, not "". */
static bool
take_name(struct tls_client *t, struct span name)
{
	struct ip ip;

	t->name[0] = '\0';
	if (name.n == 0 || name.n >= sizeof t->name ||
	    !address_domain_valid(name) || ip_parse(name, &ip) == 0)
		return false;
	memcpy(t->name, name.p, name.n);
	t->name[name.n] = '\0';
	return true;
}

struct tls *
tls_client_start(struct tls_client *t, struct span name, struct tls_ca *ca)
{
	bool named = take_name(t, name);
	const br_x509_class **x509 = &t->x509.anybody.vtable;

	if (ca != NULL && !named) {
		errno = EINVAL;
		return NULL;
	}
	if (ca != NULL && tls_ca_open(ca) == -1)
		return NULL;
	br_ssl_client_zero(&t->context);
	tls_prepare(&t->tls, &t->context.eng);
	if (ca != NULL) {
		prepare_verified(&t->x509.verified, ca);
		x509 = &t->x509.verified.vtable;
	} else {
		t->x509.anybody.vtable = &anybody_class;
	}
	br_ssl_engine_set_x509(&t->context.eng, x509);
	if (br_ssl_client_reset(&t->context, named ? t->name : NULL, 0) == 0) {
		errno = EPROTO;
		return NULL;
	}
	return &t->tls;
}

int
tls_ca_open(struct tls_ca *ca)
{
	int r = cdbmap_open(&ca->table);

	if (r == 0)
		errno = ENOENT;
	return r == 1 ? 0 : -1;
}
