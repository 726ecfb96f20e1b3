/* tls_anchor: see tls_anchor.h. */
#include "tls_anchor.h"

#define KIND_RSA 1
#define KIND_EC	 2

static void
put_number(struct buf *out, const void *p, size_t n)
{
	buf_putc(out, (char)(n >> 8));
	buf_putc(out, (char)n);
	buf_put(out, span_make(p, n));
}

int
tls_anchor_put(struct buf *out, const br_x509_pkey *key, bool ca)
{
	unsigned char curve;

	switch (key->key_type) {
	case BR_KEYTYPE_RSA:
		if (key->key.rsa.nlen > 0xffff || key->key.rsa.elen > 0xffff)
			return -1;
		buf_putc(out, KIND_RSA);
		buf_putc(out, ca);
		put_number(out, key->key.rsa.n, key->key.rsa.nlen);
		put_number(out, key->key.rsa.e, key->key.rsa.elen);
		return 0;
	case BR_KEYTYPE_EC:
		if (key->key.ec.qlen > 0xffff || key->key.ec.curve < 0 ||
		    key->key.ec.curve > 0xff)
			return -1;
		curve = (unsigned char)key->key.ec.curve;
		buf_putc(out, KIND_EC);
		buf_putc(out, ca);
		put_number(out, &curve, 1);
		put_number(out, key->key.ec.q, key->key.ec.qlen);
		return 0;
	default:
		return -1;
	}
}

static bool
cut_number(struct span *s, struct span *out)
{
	const unsigned char *p = (const unsigned char *)s->p;
	size_t n;

	if (s->n < 2)
		return false;
	n = (size_t)p[0] << 8 | p[1];
	if (s->n - 2 < n)
		return false;
	*out = span_make(s->p + 2, n);
	*s = span_skip(*s, 2 + n);
	return true;
}

/* BearSSL's structures are not const, and nothing writes through them. */
static unsigned char *
octets(struct span s)
{
	return (unsigned char *)(uintptr_t)s.p;
}

int
tls_anchor_parse(struct span value, struct span dn,
    br_x509_trust_anchor v[TLS_ANCHORS])
{
	int n = 0;

	while (value.n > 0 && n < TLS_ANCHORS) {
		br_x509_trust_anchor *t = &v[n++];
		struct span head = span_head(value, 2), a, b;

		value = span_skip(value, 2);
		if (head.n < 2 || !cut_number(&value, &a) ||
		    !cut_number(&value, &b))
			return -1;
		*t = (br_x509_trust_anchor){.dn = {octets(dn), dn.n},
		    .flags = head.p[1] != 0 ? BR_X509_TA_CA : 0};
		if (head.p[0] == KIND_RSA) {
			t->pkey.key_type = BR_KEYTYPE_RSA;
			t->pkey.key.rsa = (br_rsa_public_key){octets(a), a.n,
			    octets(b), b.n};
		} else if (head.p[0] == KIND_EC && a.n == 1) {
			t->pkey.key_type = BR_KEYTYPE_EC;
			t->pkey.key.ec = (br_ec_public_key){
			    (unsigned char)a.p[0], octets(b), b.n};
		} else {
			return -1;
		}
	}
	return n;
}

void
tls_anchor_key(struct span dn, unsigned char key[32])
{
	br_sha256_context c;

	br_sha256_init(&c);
	br_sha256_update(&c, dn.p, dn.n);
	br_sha256_out(&c, key);
}

/*
 * The element at the start of s: 1, its tag, the octets of its head and of
 * its content; 0 when more is needed; -1 when it is none (X.690 8.1, DER).
 */
static int
element(struct span s, unsigned *tag, size_t *head, size_t *n)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t octets_of_length;

	if (s.n < 2)
		return 0;
	*tag = p[0];
	*head = 2;
	*n = p[1];
	if (p[1] < 0x80)
		return 1;
	octets_of_length = p[1] & 0x7f;
	if (octets_of_length == 0 || octets_of_length > 3)
		return -1;
	if (s.n < 2 + octets_of_length)
		return 0;
	*n = 0;
	for (size_t i = 0; i < octets_of_length; i++)
		*n = *n << 8 | p[2 + i];
	*head = 2 + octets_of_length;
	return 1;
}

int
tls_anchor_issuer(struct span der, struct span *issuer)
{
	/* Certificate, its first part, version (may be missing), serial
	 * number, algorithm, issuer (RFC 5280 4.1). */
	static const unsigned path[] = {0x30, 0x30, 0xa0, 0x02, 0x30, 0x30};
	unsigned tag;
	size_t head, n;

	for (size_t i = 0; i < sizeof path / sizeof *path; i++) {
		int r = element(der, &tag, &head, &n);

		if (r != 1)
			return r;
		if (i == 2 && tag != path[i])
			continue;
		if (tag != path[i])
			return -1;
		if (i < 2) {
			der = span_skip(der, head);
			continue;
		}
		if (der.n < head + n)
			return 0;
		if (i == 5) {
			*issuer = span_head(der, head + n);
			return 1;
		}
		der = span_skip(der, head + n);
	}
	return -1;
}
