/* tls_anchor, tls_ca: keys as octets and back; where an issuer stands; PEM. */
#include "tls_anchor.h"
#include "tls_ca.h"
#include "tap.h"

/* A certificate for P-256, "CN=t", by itself; made by openssl. */
static const char pem[] =
    "# a comment\n"
    "-----BEGIN CERTIFICATE-----\r\n"
    "MIIBaTCCAQ+gAwIBAgIUWlvLqVhBuYoYYYtGGmLu9DdtHJYwCgYIKoZIzj0EAwIw\n"
    "-----END CERTIFICATE-----\n";

static unsigned skips;

static void
skipped(void *state, size_t line, const char *why)
{
	(void)state;
	(void)line;
	(void)why;
	skips++;
}

static void
test_anchors(void)
{
	unsigned char n[256], e[3] = {1, 0, 1}, q[65];
	br_x509_pkey rsa = {.key_type = BR_KEYTYPE_RSA,
	    .key.rsa = {n, sizeof n, e, sizeof e}};
	br_x509_pkey ec = {.key_type = BR_KEYTYPE_EC,
	    .key.ec = {BR_EC_secp256r1, q, sizeof q}};
	br_x509_pkey other = {.key_type = 77};
	br_x509_trust_anchor v[TLS_ANCHORS];
	struct buf b = {0};
	struct span dn = SPAN("0\1x");
	bool all = true;

	memset(n, 0xa5, sizeof n);
	memset(q, 4, sizeof q);
	ok(tls_anchor_put(&b, &rsa, true) == 0 &&
	    tls_anchor_put(&b, &ec, false) == 0, "put");
	ok(tls_anchor_put(&b, &other, true) == -1, "an unknown kind of key");
	is_int(tls_anchor_parse(buf_span(&b), dn, v), 2, "two of them");
	ok(v[0].pkey.key_type == BR_KEYTYPE_RSA &&
	    v[0].flags == BR_X509_TA_CA && v[0].pkey.key.rsa.nlen == 256 &&
	    memcmp(v[0].pkey.key.rsa.n, n, 256) == 0 &&
	    v[0].pkey.key.rsa.elen == 3 && v[0].dn.len == dn.n, "RSA");
	ok(v[1].pkey.key_type == BR_KEYTYPE_EC && v[1].flags == 0 &&
	    v[1].pkey.key.ec.curve == BR_EC_secp256r1 &&
	    v[1].pkey.key.ec.qlen == 65, "EC");
	for (size_t i = 0; i < b.n; i++)
		all &= tls_anchor_parse(span_head(buf_span(&b), i), dn, v) ==
		    (i == 0 ? 0 : i == b.n - 72 ? 1 : -1);
	ok(all, "cut off anywhere it is damaged, not read beyond its end");
	for (int i = 0; i < 3; i++)
		tls_anchor_put(&b, &ec, true);
	is_int(tls_anchor_parse(buf_span(&b), dn, v), TLS_ANCHORS,
	    "no more than there is room for");
	buf_free(&b);
}

static void
test_issuer(void)
{
	/* SEQ { SEQ { [0] { INTEGER }, INTEGER, SEQ {}, SEQ { 2 octets } */
	static const char v3[] = "\x30\x12\x30\x10\xa0\x03\x02\x01\x02"
				 "\x02\x01\x07\x30\x00\x30\x02\x05\x00";
	static const char v1[] = "\x30\x0d\x30\x0b\x02\x01\x07\x30\x00"
				 "\x30\x02\x05\x00";
	static const char *const bad[] = {"\x31\x02\x30\x00",
	    "\x30\x80\x30\x00", "\x30\x84\x01\x01\x01\x01\x30",
	    "\x30\x06\x30\x04\x04\x01\x07\x30"};
	struct span whole = span_make(v3, sizeof v3 - 1), issuer;
	bool more = true;

	ok(tls_anchor_issuer(whole, &issuer) == 1 &&
	    span_eq(issuer, span_make("\x30\x02\x05\x00", 4)), "version 3");
	ok(tls_anchor_issuer(span_make(v1, sizeof v1 - 1), &issuer) == 1 &&
	    issuer.n == 4, "version 1");
	for (size_t i = 0; i < whole.n; i++)
		more &= tls_anchor_issuer(span_head(whole, i), &issuer) == 0;
	ok(more, "cut off anywhere more is needed");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		is_int(tls_anchor_issuer(span_make(bad[i], 7), &issuer), -1,
		    "no certificate");
}

static const char *
read_pem(const char *text, struct tls_ca_list *l)
{
	static struct arena a;

	*l = (struct tls_ca_list){0};
	skips = 0;
	return tls_ca_add(l, span_of(text), &a, skipped, NULL);
}

static void
test_pem(void)
{
	struct tls_ca_list l;

	ok(read_pem("", &l) == NULL && l.n == 0, "nothing");
	ok(read_pem(pem, &l) == NULL && skips == 1 && l.n == 0,
	    "a certificate that is cut off is left out");
	is_str(read_pem("x\n-----BEGIN CERTIFICATE-----\nAAAA\n", &l),
	    "the block has no end", "no end");
	is_size(l.lines, 4, "and where");
	is_str(read_pem("-----BEGIN CERTIFICATE-----\nA*A=\n"
			"-----END CERTIFICATE-----\n", &l),
	    "not base64", "not base64");
	is_str(read_pem("-----BEGIN CERTIFICATE-----\nAAAA\n"
			"-----BEGIN CERTIFICATE-----\n", &l),
	    "the block has no end", "one in another");
	ok(read_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n"
		    "-----END PRIVATE KEY-----\n", &l) == NULL && l.n == 0,
	    "other blocks are passed over");
}

int
main(void)
{
	test_anchors();
	test_issuer();
	test_pem();
	return done_testing();
}
