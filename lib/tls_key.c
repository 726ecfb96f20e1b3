/* tls_key: see tls_key.h. Keys are read by der.c: BearSSL's decoder takes ten
 * times as long, and keeps them inside itself. */
#include "tls_key.h"
#include "der.h"
#include "file.h"
#include "pem.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>

#define RSA_MAX 512 /* octets of a modulus */

static unsigned char *
octets(struct span s)
{
	/* BearSSL's structs want pointers to what they never change. */
	return (unsigned char *)(uintptr_t)s.p;
}

static const char another[] = "the key is not the certificate's";

static int
curve_number(enum x509_key key)
{
	switch (key) {
	case X509_P256:
		return BR_EC_secp256r1;
	case X509_P384:
		return BR_EC_secp384r1;
	case X509_P521:
		return BR_EC_secp521r1;
	case X509_RSA:
	case X509_OTHER:
		break;
	}
	return 0;
}

/* RSAPrivateKey (RFC 8017 A.1.2). */
static const char *
parse_rsa(struct tls_pair *p, struct span der)
{
	static const char broken[] = "the RSA key is broken";
	struct span all, v[9], n;
	unsigned char modulus[RSA_MAX];
	br_rsa_private_key *k = &p->rsa;

	if (!der_take(&der, DER_SEQUENCE, &all))
		return broken;
	for (size_t i = 0; i < 9; i++)
		if (!der_take_number(&all, &v[i]))
			return broken;
	n = v[1];
	if (!span_eq(n, p->leaf.rsa_n))
		return another;
	if (n.n < 128 || n.n > RSA_MAX)
		return "the RSA key has less than 1024 or more than 4096 bits";
	k->n_bitlen = (uint32_t)n.n * 8;
	for (unsigned top = (unsigned char)n.p[0]; (top & 0x80) == 0; top <<= 1)
		k->n_bitlen--;
	k->p = octets(v[4]);
	k->plen = v[4].n;
	k->q = octets(v[5]);
	k->qlen = v[5].n;
	k->dp = octets(v[6]);
	k->dplen = v[6].n;
	k->dq = octets(v[7]);
	k->dqlen = v[7].n;
	k->iq = octets(v[8]);
	k->iqlen = v[8].n;
	if (br_rsa_compute_modulus_get_default()(NULL, k) != n.n ||
	    br_rsa_compute_modulus_get_default()(modulus, k) != n.n ||
	    !span_eq(n, span_make((char *)modulus, n.n)))
		return broken;
	return NULL;
}

/* ECPrivateKey (RFC 5915 3); the curve may have been said outside. */
static const char *
parse_ec(struct tls_pair *p, struct span der, struct span curve)
{
	struct span all, version, x, params, point = {NULL, 0};
	unsigned char made[BR_EC_KBUF_PUB_MAX_SIZE];
	br_ec_public_key public;

	if (!der_take(&der, DER_SEQUENCE, &all) ||
	    !der_take(&all, DER_INTEGER, &version) ||
	    !der_take(&all, DER_OCTETS, &x))
		return "the EC key is broken";
	if (der_take(&all, DER_CONTEXT | DER_INSIDE | 0, &params))
		der_take(&params, DER_OID, &curve);
	if (der_take(&all, DER_CONTEXT | DER_INSIDE | 1, &params) &&
	    der_take(&params, DER_BITS, &point))
		point = span_skip(point, 1);
	p->ec.curve = curve_number(x509_curve(curve));
	p->ec.x = octets(x);
	p->ec.xlen = x.n;
	if (p->ec.curve == 0)
		return "the EC key is not on P-256, P-384 or P-521";
	if (p->ec.curve != curve_number(p->leaf.key))
		return another;
	/* Most files have both halves; else the other one is worked out. */
	if (point.n == 0 && br_ec_compute_pub(br_ec_get_default(), &public,
		made, &p->ec) != 0)
		point = span_make((char *)public.q, public.qlen);
	if (!span_eq(point, p->leaf.ec_point))
		return another;
	return NULL;
}

/* PrivateKeyInfo (RFC 5208 5). */
static const char *
parse_pkcs8(struct tls_pair *p, struct span der)
{
	struct span all, version, algorithm, oid, curve = {NULL, 0}, key;

	if (!der_take(&der, DER_SEQUENCE, &all) ||
	    !der_take(&all, DER_INTEGER, &version) ||
	    !der_take(&all, DER_SEQUENCE, &algorithm) ||
	    !der_take(&algorithm, DER_OID, &oid) ||
	    !der_take(&all, DER_OCTETS, &key))
		return "the key is broken";
	der_take(&algorithm, DER_OID, &curve);
	if (x509_is_rsa(oid) != (p->leaf.key == X509_RSA))
		return another;
	return x509_is_rsa(oid) ? parse_rsa(p, key) : parse_ec(p, key, curve);
}

static const char *
parse_key_block(struct tls_pair *p, struct span label, struct span der)
{
	if (span_eq(label, SPAN("PRIVATE KEY")))
		return parse_pkcs8(p, der);
	if (span_eq(label, SPAN("RSA PRIVATE KEY")) !=
	    (p->leaf.key == X509_RSA))
		return another;
	if (p->leaf.key == X509_RSA)
		return parse_rsa(p, der);
	return parse_ec(p, der, (struct span){NULL, 0});
}

static bool
is_key(struct span label)
{
	return span_eq(label, SPAN("PRIVATE KEY")) ||
	    span_eq(label, SPAN("RSA PRIVATE KEY")) ||
	    span_eq(label, SPAN("EC PRIVATE KEY"));
}

static const char *
parse_key(struct tls_pair *p, struct span text, struct arena *a)
{
	struct buf der = {0};
	struct span label, kept;
	int r;

	while ((r = pem_next(&text, &label, &der)) == 1) {
		if (is_key(label))
			break;
		if (span_eq(label, SPAN("ENCRYPTED PRIVATE KEY")))
			r = -2;
		if (r == -2)
			break;
		buf_reset(&der);
	}
	kept = arena_dup(a, buf_span(&der));
	if (der.n > 0)
		explicit_bzero(der.p, der.n);
	buf_free(&der);
	if (r == -2)
		return "the private key is encrypted";
	if (r == -1 && span_iends(label, SPAN("PRIVATE KEY")))
		return "the private key is encrypted or no base64";
	if (r != 1)
		return "no private key in it";
	return parse_key_block(p, label, kept);
}

static const char *
parse_chain(struct tls_pair *p, struct span text, struct arena *a)
{
	struct buf der = {0};
	const char *wrong = NULL;
	struct span label;
	int r;

	while (wrong == NULL && (r = pem_next(&text, &label, &der)) != 0) {
		br_x509_certificate *c = &p->chain[p->n];
		struct span kept;

		if (!span_eq(label, SPAN("CERTIFICATE"))) {
			/* Keys are read elsewhere, and not kept here. */
			if (der.n > 0)
				explicit_bzero(der.p, der.n);
			buf_reset(&der);
			continue;
		}
		if (r == -1)
			wrong = "a certificate has no end or is no base64";
		else if (p->n == TLS_CHAIN)
			wrong = "more certificates than a chain may have";
		if (wrong != NULL)
			break;
		kept = arena_dup(a, buf_span(&der));
		buf_reset(&der);
		*c = (br_x509_certificate){octets(kept), kept.n};
		if (p->n++ == 0 && x509_parse(kept, &p->leaf) == -1)
			wrong = "the certificate is broken";
	}
	buf_free(&der);
	if (wrong == NULL && p->n == 0)
		wrong = "no certificate in it";
	if (wrong == NULL && p->leaf.key == X509_OTHER)
		wrong = "the key is neither RSA nor EC on P-256, P-384 or "
			"P-521";
	return wrong;
}

int
tls_pair_parse(struct tls_pair *p, struct span certificates,
    struct span key, struct arena *a, const char **wrong)
{
	memset(p, 0, sizeof *p);
	*wrong = parse_chain(p, certificates, a);
	if (*wrong == NULL)
		*wrong = parse_key(p, key, a);
	return *wrong == NULL ? 0 : -1;
}

static int
read_file(const char *path, struct buf *out, struct buf *err)
{
	if (file_read_at(AT_FDCWD, path, TLS_FILE_MAX, out) == 0)
		return 0;
	buf_printf(err, "%s: %s", path, strerror(errno));
	return -1;
}

int
tls_pair_load(struct tls_pair *p, const char *certificates,
    const char *key, struct arena *a, struct buf *err)
{
	struct buf chain = {0}, private = {0};
	const char *wrong;
	int r = -1;

	if (read_file(certificates, &chain, err) == -1 ||
	    (key != NULL && read_file(key, &private, err) == -1))
		goto out;
	memset(p, 0, sizeof *p);
	wrong = parse_chain(p, buf_span(&chain), a);
	if (wrong != NULL) {
		buf_printf(err, "%s: %s", certificates, wrong);
		goto out;
	}
	wrong = parse_key(p, buf_span(key != NULL ? &private : &chain), a);
	if (wrong != NULL) {
		buf_printf(err, "%s: %s", key != NULL ? key : certificates,
		    wrong);
		goto out;
	}
	r = 0;
out:
	if (private.n > 0)
		explicit_bzero(private.p, private.n);
	if (chain.n > 0)
		explicit_bzero(chain.p, chain.n);
	buf_free(&private);
	buf_free(&chain);
	return r;
}

static const struct {
	int id;
	const br_hash_class *class;
	const unsigned char *oid;
} hashes[] = {
    {br_sha256_ID, &br_sha256_vtable, BR_HASH_OID_SHA256},
    {br_sha384_ID, &br_sha384_vtable, BR_HASH_OID_SHA384},
    {br_sha512_ID, &br_sha512_vtable, BR_HASH_OID_SHA512},
};

/* A signature made with a damaged key would give the key away (Boneh, DeMillo,
 * Lipton: one wrong half of the CRT is enough): it is looked at first. */
static size_t
sign_rsa(const struct tls_pair *p, const unsigned char *oid, const void *hash,
    size_t n, unsigned char *out, size_t max)
{
	unsigned char check[64];
	size_t length = p->leaf.rsa_n.n;
	br_rsa_public_key public = {octets(p->leaf.rsa_n), length,
	    octets(p->leaf.rsa_e), p->leaf.rsa_e.n};

	if (length > max || n > sizeof check ||
	    !br_rsa_pkcs1_sign_get_default()(oid, hash, n, &p->rsa, out) ||
	    !br_rsa_pkcs1_vrfy_get_default()(out, length, oid, n, &public,
		check) ||
	    memcmp(check, hash, n) != 0)
		return 0;
	return length;
}

size_t
tls_pair_sign(const struct tls_pair *p, int id, const void *hash, size_t n,
    unsigned char *out, size_t max)
{
	size_t i = 0;

	while (i < sizeof hashes / sizeof *hashes && hashes[i].id != id)
		i++;
	if (i == sizeof hashes / sizeof *hashes)
		return 0;
	if (p->leaf.key == X509_RSA)
		return sign_rsa(p, hashes[i].oid, hash, n, out, max);
	if (max < 139)
		return 0;
	return br_ecdsa_sign_asn1_get_default()(br_ec_get_default(),
	    hashes[i].class, hash, &p->ec, out);
}
