/*
 * tls_engine: what both sides speak (tls_engine.h). The implementations are
 * named here: BearSSL would ask the processor for each of them, and CPUID
 * traps to the hypervisor of a virtual machine, 4 microseconds each time.
 */
#include "tls_engine.h"
#include "die.h"
#include <errno.h>
#include <sys/random.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define SEED 48

/*
 * ECDHE alone (forward secrecy), AEAD alone (no CBC, no padding oracle). AES
 * with 128 bits first, which is not weaker and is faster; without instructions
 * for it ChaCha20 is.
 */
static const uint16_t suites[] = {
    BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
};
#define NSUITES (sizeof suites / sizeof *suites)
#define AES_128 2 /* of them stand before ChaCha20, which has as many */

static const struct {
	uint16_t suite;
	const char *name;
	int bits;
} names[] = {
    {BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	"ECDHE-ECDSA-AES128-GCM-SHA256", 128},
    {BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	"ECDHE-RSA-AES128-GCM-SHA256", 128},
    {BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	"ECDHE-ECDSA-CHACHA20-POLY1305", 256},
    {BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	"ECDHE-RSA-CHACHA20-POLY1305", 256},
    {BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	"ECDHE-ECDSA-AES256-GCM-SHA384", 256},
    {BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	"ECDHE-RSA-AES256-GCM-SHA384", 256},
};

uint32_t
tls_ecdsa_verify(const br_ec_impl *ec, const void *hash, size_t n,
    const br_ec_public_key *key, const void *sig, size_t sign)
{
	/* The engine's knows the curves of the key exchange alone. */
	(void)ec;
	return br_ecdsa_vrfy_asn1_get_default()(br_ec_get_default(), hash, n,
	    key, sig, sign);
}

static const br_ec_impl *
exchange_curves(void)
{
	static br_ec_impl ec;

	/* P-384 and P-521 would cost three and six times as much. */
	ec = *br_ec_get_default();
	ec.supported_curves = 1u << BR_EC_secp256r1 | 1u << BR_EC_curve25519;
	return &ec;
}

static bool
has_aes(void)
{
#if defined(__x86_64__)
	static int known = -1;
	unsigned a, b, c, d;

	if (known == -1) {
		__cpuid(1, a, b, c, d);
		known = (c & bit_AES) && (c & bit_PCLMUL) && (c & bit_SSE4_1);
	}
	return known != 0;
#else
	return false;
#endif
}

static void
set_ciphers(br_ssl_engine_context *e)
{
	br_ssl_engine_set_gcm(e, &br_sslrec_in_gcm_vtable,
	    &br_sslrec_out_gcm_vtable);
	br_ssl_engine_set_chapol(e, &br_sslrec_in_chapol_vtable,
	    &br_sslrec_out_chapol_vtable);
#if defined(__x86_64__)
	br_ssl_engine_set_chacha20(e, br_chacha20_sse2_run);
	br_ssl_engine_set_poly1305(e, br_poly1305_ctmulq_run);
	if (has_aes()) {
		br_ssl_engine_set_aes_ctr(e, &br_aes_x86ni_ctr_vtable);
		br_ssl_engine_set_ghash(e, br_ghash_pclmul);
		return;
	}
#else
	br_ssl_engine_set_chacha20(e, br_chacha20_ct_run);
	br_ssl_engine_set_poly1305(e, br_poly1305_ctmul_run);
#endif
	br_ssl_engine_set_aes_ctr(e, &br_aes_ct64_ctr_vtable);
	br_ssl_engine_set_ghash(e, br_ghash_ctmul64);
}

static void
set_suites(br_ssl_engine_context *e)
{
	uint16_t order[NSUITES];
	size_t first = has_aes() ? 0 : AES_128;

	for (size_t i = 0; i < NSUITES; i++)
		order[i] = suites[i < 2 * AES_128 ?
		    (i + first) % (2 * AES_128) : i];
	br_ssl_engine_set_suites(e, order, NSUITES);
}

static void
seed(br_ssl_engine_context *e)
{
	unsigned char random[SEED];

	if (getrandom(random, sizeof random, 0) != sizeof random)
		die_temp_errno("getrandom");
	br_ssl_engine_inject_entropy(e, random, sizeof random);
	explicit_bzero(random, sizeof random);
	/* The kernel's word is enough: no CPUID for an RDRAND on top. */
	e->rng_os_rand_done = 1;
}

void
tls_prepare(struct tls *t, br_ssl_engine_context *e)
{
	t->engine = e;
	t->busy = false;
	t->ahead_pos = t->ahead_end = 0;
	br_ssl_engine_set_versions(e, BR_TLS12, BR_TLS12);
	/* No SHA-1: whoever cannot do better signs nothing of ours. */
	br_ssl_engine_set_hash(e, br_sha256_ID, &br_sha256_vtable);
	br_ssl_engine_set_hash(e, br_sha384_ID, &br_sha384_vtable);
	br_ssl_engine_set_hash(e, br_sha512_ID, &br_sha512_vtable);
	br_ssl_engine_set_prf_sha256(e, br_tls12_sha256_prf);
	br_ssl_engine_set_prf_sha384(e, br_tls12_sha384_prf);
	br_ssl_engine_set_ec(e, exchange_curves());
	br_ssl_engine_set_ecdsa(e, tls_ecdsa_verify);
	br_ssl_engine_set_rsavrfy(e, br_rsa_pkcs1_vrfy_get_default());
	set_ciphers(e);
	set_suites(e);
	br_ssl_engine_add_flags(e, BR_OPT_NO_RENEGOTIATION);
	br_ssl_engine_set_buffers_bidi(e, t->in, sizeof t->in, t->out,
	    sizeof t->out);
	seed(e);
}

const char *
tls_protocol(const struct tls *t)
{
	return br_ssl_engine_get_version(t->engine) == BR_TLS12 ? "TLSv1.2" :
								  "unknown";
}

static size_t
suite_of(const struct tls *t)
{
	size_t i;

	for (i = 0; i < NSUITES - 1; i++)
		if (t->engine->session.cipher_suite == names[i].suite)
			break;
	return i;
}

const char *
tls_cipher(const struct tls *t)
{
	return names[suite_of(t)].name;
}

int
tls_bits(const struct tls *t)
{
	return names[suite_of(t)].bits;
}

int
tls_error(const struct tls *t)
{
	return br_ssl_engine_last_error(t->engine);
}
