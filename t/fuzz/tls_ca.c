/* What a server, or an administrator, may give us as a certificate. */
#include "tls_anchor.h"
#include "tls_ca.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
skipped(void *state, size_t line, const char *why)
{
	(void)state;
	(void)line;
	(void)why;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_make((const char *)data, size), issuer;
	br_x509_trust_anchor v[TLS_ANCHORS];
	struct tls_ca_list l = {0};
	struct arena a = {0};
	int first = tls_anchor_issuer(s, &issuer);

	/* What a part of it says stays said with more of it. */
	if (first == 1 && (issuer.p < s.p || issuer.p + issuer.n > s.p + s.n))
		abort();
	if (size > 0 && first == 0 &&
	    tls_anchor_issuer(span_head(s, size - 1), &issuer) != 0)
		abort();
	(void)tls_anchor_parse(s, s, v);
	(void)tls_ca_add(&l, s, &a, skipped, NULL);
	arena_free(&a);
	return 0;
}
