/*
 * x509: text and DER of certificates, names in them, and the part of a
 * ClientHello that we read ourselves. First octet: which. What is found lies
 * inside what was given.
 */
#include "../unit/tls_samples.h"
#include "pem.h"
#include "tls_hello.h"
#include "tls_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(c)                                                              \
	do {                                                                  \
		if (!(c))                                                     \
			__builtin_trap();                                     \
	} while (0)

static bool
inside(struct span part, struct span whole)
{
	return part.n == 0 || (part.p >= whole.p &&
	    part.p + part.n <= whole.p + whole.n);
}

static void
certificate(struct span s)
{
	struct span names, dns, name;
	struct x509 c;
	char from[X509_TIME], until[X509_TIME];

	if (x509_parse(s, &c) == -1)
		return;
	if (x509_dates(&c, from, until))
		CHECK(from[X509_TIME - 1] == '\0' &&
		    until[X509_TIME - 1] == '\0');
	CHECK(inside(c.subject, s) && inside(c.issuer, s));
	CHECK(inside(c.rsa_n, s) && inside(c.rsa_e, s));
	CHECK(inside(c.ec_point, s) && inside(c.names, s));
	names = c.names;
	while (x509_next_dns(&names, &dns)) {
		CHECK(inside(dns, s));
		if (dns.n > 0 && dns.p[0] != '*')
			CHECK(x509_covers(&c, dns));
	}
	if (x509_name(&c, &name))
		CHECK(inside(name, s) && name.n <= X509_NAME_MAX &&
		    span_chr(name, '\0') == name.n);
}

static void
text(struct span s)
{
	struct buf der = {0};
	struct arena a = {0};
	struct span rest = s, label;
	struct tls_pair p;
	const char *wrong;

	while (pem_next(&rest, &label, &der) == 1)
		CHECK(inside(label, s));
	buf_free(&der);
	if (tls_pair_parse(&p, s, s, &a, &wrong) == -1)
		CHECK(wrong != NULL);
	else
		CHECK(p.n > 0 && p.n <= TLS_CHAIN);
	/* A good certificate, and some key. */
	if (tls_pair_parse(&p, SPAN(SAMPLE_EC), s, &a, &wrong) == 0)
		CHECK(p.ec.xlen > 0);
	tls_pair_parse(&p, SPAN(SAMPLE_RSA), s, &a, &wrong);
	arena_free(&a);
}

static void
hello(struct span s)
{
	char clean[TLS_NAME];
	struct span name;
	size_t n;

	if (!tls_hello_name(s, &name))
		return;
	CHECK(inside(name, s) && name.n <= 255);
	n = tls_hello_clean(name, clean);
	for (size_t i = 0; i < n; i++)
		CHECK(clean[i] != '/' && clean[i] > ' ' &&
		    (clean[i] != '.' || (i > 0 && clean[i - 1] != '.')));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s;

	if (size == 0)
		return 0;
	s = span_make((const char *)data + 1, size - 1);
	if (data[0] == 'c')
		certificate(s);
	else if (data[0] == 'h')
		hello(s);
	else
		text(s);
	return 0;
}
