/* tls_pick: see tls_pick.h. */
#include "tls_pick.h"
#include "tls_pairs.h"

#define KEY_EXCHANGE(suite) ((suite)[1] >> 12)

/* SHA-256 where it may be, which is the fastest; 0 when there is none. */
static unsigned
pick_hash(uint32_t offered)
{
	for (unsigned id = br_sha256_ID; id <= br_sha512_ID; id++)
		if (offered >> id & 1)
			return id;
	return 0;
}

/* The engine knows of the curves of the key exchange alone: who takes ECDSA
 * takes P-384, too. */
static bool
takes_curve(const br_ssl_server_context *cc, const struct tls_pair *p)
{
	return p->leaf.key != X509_P256 ||
	    (br_ssl_server_get_client_curves(cc) >> BR_EC_secp256r1 & 1) != 0;
}

/* Can the client do with this pair? Then it is chosen. */
static bool
fits(struct tls_pick *k, const br_ssl_server_context *cc,
    const struct tls_pair *p, br_ssl_server_choices *out)
{
	const br_suite_translated *suites;
	size_t n;
	uint32_t hashes = br_ssl_server_get_client_hashes(cc);
	bool rsa = p->leaf.key == X509_RSA;
	unsigned hash = pick_hash(rsa ? hashes : hashes >> 8);

	if (hash == 0 || (!rsa && !takes_curve(cc, p)))
		return false;
	suites = br_ssl_server_get_client_suites(cc, &n);
	for (size_t i = 0; i < n; i++) {
		if (KEY_EXCHANGE(suites[i]) !=
		    (rsa ? BR_SSLKEYX_ECDHE_RSA : BR_SSLKEYX_ECDHE_ECDSA))
			continue;
		out->cipher_suite = suites[i][0];
		out->algo_id = 0xff00 + hash;
		out->chain = p->chain;
		out->chain_len = p->n;
		k->pair = p;
		return true;
	}
	return false;
}

static bool
pick_named(struct tls_pick *k, const br_ssl_server_context *cc,
    br_ssl_server_choices *out)
{
	struct span host = span_make(k->host, k->host_n);

	for (size_t i = 0; host.n > 0 && i < TLS_PLACES; i++) {
		const struct tls_pair *p = tls_pairs_named(host, i);

		if (p != NULL && fits(k, cc, p, out))
			return true;
	}
	return false;
}

/* Those that cover the name first; a client that asks for none that we have
 * gets one all the same, and decides itself (RFC 6066 3). */
static int
choose(const br_ssl_server_policy_class **ctx,
    const br_ssl_server_context *cc, br_ssl_server_choices *out)
{
	struct tls_pick *k = (struct tls_pick *)ctx;
	struct span host;

	k->pair = NULL;
	k->host_n = tls_hello_clean(
	    span_of(br_ssl_engine_get_server_name(&cc->eng)), k->host);
	host = span_make(k->host, k->host_n);
	if (pick_named(k, cc, out))
		return 1;
	for (int any = host.n == 0 || tls_pairs_count() == 1; any < 2; any++)
		for (size_t i = 0; i < tls_pairs_count(); i++) {
			const struct tls_pair *p = tls_pairs_get(i);

			if (p != NULL && (any || x509_covers(&p->leaf, host)) &&
			    fits(k, cc, p, out))
				return 1;
		}
	return 0;
}

/* No suite of ours uses the key like this. */
static uint32_t
exchange(const br_ssl_server_policy_class **ctx, unsigned char *data,
    size_t *n)
{
	(void)ctx;
	(void)data;
	(void)n;
	return 0;
}

static size_t
sign(const br_ssl_server_policy_class **ctx, unsigned algorithm,
    unsigned char *data, size_t n, size_t max)
{
	const struct tls_pick *k = (const struct tls_pick *)ctx;
	unsigned char hash[64];

	if (n > sizeof hash || k->pair == NULL)
		return 0;
	memcpy(hash, data, n);
	return tls_pair_sign(k->pair, (int)(algorithm & 0xff), hash, n, data,
	    max);
}

const br_ssl_server_policy_class tls_pick_class = {
    sizeof(struct tls_pick), choose, exchange, sign};
