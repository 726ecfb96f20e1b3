/* digest: see digest.h. */
#include "digest.h"
#include "die.h"
#include <bearssl.h>
#include <errno.h>
#include <sys/random.h>

uint64_t digest_work;

void
digest_sha256(struct span text, unsigned char out[DIGEST_SHA256])
{
	br_sha256_context c;

	br_sha256_init(&c);
	br_sha256_update(&c, text.p, text.n);
	br_sha256_out(&c, out);
	digest_wipe(&c, sizeof c);
}

static void
hmac(const br_hmac_key_context *key, struct span text, unsigned char *out)
{
	br_hmac_context c;

	br_hmac_init(&c, key, 0);
	br_hmac_update(&c, text.p, text.n);
	br_hmac_out(&c, out);
	digest_wipe(&c, sizeof c);
}

void
digest_hmac_sha256(struct span key, struct span text,
    unsigned char out[DIGEST_SHA256])
{
	br_hmac_key_context k;

	br_hmac_key_init(&k, &br_sha256_vtable, key.p, key.n);
	hmac(&k, text, out);
	digest_wipe(&k, sizeof k);
}

/* The key's padded blocks are hashed once: two compressions for each round. */
void
digest_pbkdf2(struct span password, struct span salt, uint32_t iterations,
    unsigned char out[DIGEST_SHA256])
{
	static const unsigned char first_block[4] = {0, 0, 0, 1};
	unsigned char u[DIGEST_SHA256];
	br_hmac_key_context k;
	br_hmac_context c;

	br_hmac_key_init(&k, &br_sha256_vtable, password.p, password.n);
	br_hmac_init(&c, &k, 0);
	br_hmac_update(&c, salt.p, salt.n);
	br_hmac_update(&c, first_block, sizeof first_block);
	br_hmac_out(&c, u);
	memcpy(out, u, sizeof u);
	for (uint32_t i = 1; i < iterations; i++) {
		br_hmac_init(&c, &k, 0);
		br_hmac_update(&c, u, sizeof u);
		br_hmac_out(&c, u);
		for (size_t j = 0; j < sizeof u; j++)
			out[j] ^= u[j];
	}
	digest_work += iterations;
	digest_wipe(u, sizeof u);
	digest_wipe(&k, sizeof k);
	digest_wipe(&c, sizeof c);
}

/* RFC 2104: the key, or its digest when it is long, XORed with pad. */
static void
md5_half(struct span password, unsigned char pad, unsigned char *state)
{
	unsigned char block[64] = {0};
	br_md5_context c;

	br_md5_init(&c);
	if (password.n > sizeof block) {
		br_md5_update(&c, password.p, password.n);
		br_md5_out(&c, block);
		br_md5_init(&c);
	} else if (password.n > 0) {
		memcpy(block, password.p, password.n);
	}
	for (size_t i = 0; i < sizeof block; i++)
		block[i] ^= pad;
	br_md5_update(&c, block, sizeof block);
	br_md5_state(&c, state);
	digest_wipe(block, sizeof block);
	digest_wipe(&c, sizeof c);
}

void
digest_md5_key(struct span password, struct digest_md5_key *key)
{
	md5_half(password, 0x5c, key->outer);
	md5_half(password, 0x36, key->inner);
}

static void
md5_go_on(const unsigned char *state, struct span text, unsigned char *out)
{
	br_md5_context c;

	br_md5_init(&c);
	br_md5_set_state(&c, state, 64);
	br_md5_update(&c, text.p, text.n);
	br_md5_out(&c, out);
	digest_wipe(&c, sizeof c);
}

void
digest_hmac_md5(const struct digest_md5_key *key, struct span text,
    unsigned char out[DIGEST_MD5])
{
	unsigned char inner[DIGEST_MD5];

	md5_go_on(key->inner, text, inner);
	md5_go_on(key->outer,
	    span_make((const char *)inner, sizeof inner), out);
}

bool
digest_equal(const void *a, const void *b, size_t n)
{
	const volatile unsigned char *p = a, *q = b;
	unsigned char differs = 0;

	for (size_t i = 0; i < n; i++)
		differs = (unsigned char)(differs | (p[i] ^ q[i]));
	return differs == 0;
}

void
digest_random(void *p, size_t n)
{
	unsigned char *to = p;

	while (n > 0) {
		ssize_t r = getrandom(to, n, 0);

		if (r == -1 && errno == EINTR)
			continue;
		if (r <= 0)
			die_temp_errno("no random octets");
		to += r;
		n -= (size_t)r;
	}
}

void
digest_wipe(void *p, size_t n)
{
	explicit_bzero(p, n);
}
