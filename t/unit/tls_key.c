/* tls_key: pairs of certificate and key, and what is wrong with others. */
#include "tls_key.h"
#include "tap.h"
#include "tls_samples.h"

static const struct {
	const char *certificate, *key, *wrong;
} cases[] = {
    {SAMPLE_EC, SAMPLE_EC_KEY, NULL},
    {SAMPLE_EC, SAMPLE_EC_SEC1, NULL},
    {SAMPLE_EC, SAMPLE_EC_NO_PUBLIC, NULL},
    {SAMPLE_EC SAMPLE_RSA, SAMPLE_RSA SAMPLE_EC_KEY, NULL},
    {SAMPLE_RSA, SAMPLE_RSA_KEY, NULL},
    {SAMPLE_RSA, SAMPLE_RSA_PKCS1, NULL},
    {SAMPLE_EC, SAMPLE_OTHER_KEY, "the key is not the certificate's"},
    {SAMPLE_EC, SAMPLE_EC_ENCRYPTED, "the private key is encrypted"},
    {SAMPLE_EC, SAMPLE_EC_OLD_ENCRYPTED,
	"the private key is encrypted or no base64"},
    {SAMPLE_EC, "", "no private key in it"},
    {SAMPLE_EC, SAMPLE_EC, "no private key in it"},
    {SAMPLE_EC_KEY, SAMPLE_EC_KEY, "no certificate in it"},
    {SAMPLE_EC, SAMPLE_RSA_KEY, "the key is not the certificate's"},
    {SAMPLE_RSA, SAMPLE_EC_KEY, "the key is not the certificate's"},
    {SAMPLE_EC, SAMPLE_RSA_PKCS1, "the key is not the certificate's"},
    {SAMPLE_RSA, SAMPLE_EC_SEC1, "the key is not the certificate's"},
    {SAMPLE_ED, SAMPLE_ED_KEY,
	"the key is neither RSA nor EC on P-256, P-384 or P-521"},
    {"-----BEGIN CERTIFICATE-----\nZm9v\n-----END CERTIFICATE-----\n",
	SAMPLE_EC_KEY, "the certificate is broken"},
    {"-----BEGIN CERTIFICATE-----\nZm9v\n", SAMPLE_EC_KEY,
	"a certificate has no end or is no base64"},
};

static void
signs(const char *certificate, const char *key, size_t least)
{
	unsigned char hash[64] = "a hash", out[512];
	struct arena a = {0};
	struct tls_pair p;
	const char *wrong;

	is_int(tls_pair_parse(&p, span_of(certificate), span_of(key), &a,
		&wrong), 0, "a pair");
	for (int id = br_sha256_ID; id <= br_sha512_ID; id++)
		ok(tls_pair_sign(&p, id, hash, 16u * (unsigned)id - 32,
			out, sizeof out) >= least, "signs");
	is_size(tls_pair_sign(&p, br_sha1_ID, hash, 20, out, sizeof out), 0,
	    "not with SHA-1");
	is_size(tls_pair_sign(&p, br_sha256_ID, hash, 32, out, 10), 0,
	    "not without room");
	arena_free(&a);
}

/* One wrong half of an RSA key must not give the other away. */
static void
damaged(void)
{
	unsigned char hash[32] = "a hash", out[512];
	struct arena a = {0};
	struct tls_pair p;
	const char *wrong;

	tls_pair_parse(&p, span_of(SAMPLE_RSA), span_of(SAMPLE_RSA_KEY), &a,
	    &wrong);
	p.rsa.dp[10] ^= 1;
	is_size(tls_pair_sign(&p, br_sha256_ID, hash, 32, out, sizeof out), 0,
	    "no signature with a damaged key");
	arena_free(&a);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena a = {0};
		struct tls_pair p;
		const char *wrong;
		int r = tls_pair_parse(&p, span_of(cases[i].certificate),
		    span_of(cases[i].key), &a, &wrong);

		is_int(r, cases[i].wrong == NULL ? 0 : -1, "parsed");
		is_str(wrong, cases[i].wrong, "what is wrong");
		arena_free(&a);
	}
	signs(SAMPLE_EC, SAMPLE_EC_KEY, 60);
	signs(SAMPLE_RSA, SAMPLE_RSA_KEY, 128);
	damaged();
	return done_testing();
}
