/* x509: see x509.h. */
#include "x509.h"
#include "der.h"
#include "utf8.h"

static const struct span oid_rsa =
    SPAN_LIT("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01");
static const struct span oid_ec = SPAN_LIT("\x2a\x86\x48\xce\x3d\x02\x01");
static const struct span oid_cn = SPAN_LIT("\x55\x04\x03");
static const struct span oid_constraints = SPAN_LIT("\x55\x1d\x13");
static const struct span oid_names = SPAN_LIT("\x55\x1d\x11");

static const struct {
	struct span oid;
	enum x509_key key;
} curves[] = {
    {SPAN_LIT("\x2a\x86\x48\xce\x3d\x03\x01\x07"), X509_P256},
    {SPAN_LIT("\x2b\x81\x04\x00\x22"), X509_P384},
    {SPAN_LIT("\x2b\x81\x04\x00\x23"), X509_P521},
};

bool
x509_is_rsa(struct span oid)
{
	return span_eq(oid, oid_rsa);
}

enum x509_key
x509_curve(struct span oid)
{
	for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
		if (span_eq(oid, curves[i].oid))
			return curves[i].key;
	return X509_OTHER;
}

/* SubjectPublicKeyInfo (RFC 5280 4.1.2.7, RFC 3279 2.3). */
static bool
parse_key(struct span info, struct x509 *out)
{
	struct span algorithm, oid, curve, bits, pair;

	if (!der_take(&info, DER_SEQUENCE, &algorithm) ||
	    !der_take(&algorithm, DER_OID, &oid) ||
	    !der_take(&info, DER_BITS, &bits) || bits.n < 2 ||
	    bits.p[0] != '\0')
		return false;
	bits = span_skip(bits, 1);
	if (x509_is_rsa(oid)) {
		out->key = X509_RSA;
		return der_take(&bits, DER_SEQUENCE, &pair) &&
		    der_take_number(&pair, &out->rsa_n) &&
		    der_take_number(&pair, &out->rsa_e);
	}
	if (span_eq(oid, oid_ec) && der_take(&algorithm, DER_OID, &curve)) {
		out->key = x509_curve(curve);
		out->ec_point = bits;
	}
	return true;
}

/* Extension ::= SEQUENCE { OID, BOOLEAN DEFAULT FALSE, OCTET STRING } */
static bool
parse_extensions(struct span all, struct x509 *out)
{
	struct span list, one, oid, value, critical;

	if (!der_take(&all, DER_SEQUENCE, &list))
		return false;
	while (list.n > 0) {
		if (!der_take(&list, DER_SEQUENCE, &one) ||
		    !der_take(&one, DER_OID, &oid))
			return false;
		der_take(&one, DER_BOOLEAN, &critical);
		if (!der_take(&one, DER_OCTETS, &value))
			return false;
		if (span_eq(oid, oid_constraints) &&
		    der_take(&value, DER_SEQUENCE, &one) &&
		    der_take(&one, DER_BOOLEAN, &critical))
			out->ca = critical.n == 1 && critical.p[0] != '\0';
		if (span_eq(oid, oid_names) &&
		    !der_take(&value, DER_SEQUENCE, &out->names))
			return false;
	}
	return true;
}

int
x509_parse(struct span der, struct x509 *out)
{
	struct span certificate, body, skipped, info, extensions;
	unsigned tag;

	*out = (struct x509){0};
	if (!der_take(&der, DER_SEQUENCE, &certificate) || der.n > 0 ||
	    !der_take(&certificate, DER_SEQUENCE, &body))
		return -1;
	/* version [0], serial number, signature's algorithm */
	der_take(&body, DER_CONTEXT | DER_INSIDE | 0, &skipped);
	if (!der_take(&body, DER_INTEGER, &skipped) ||
	    !der_take(&body, DER_SEQUENCE, &skipped) ||
	    !der_take_whole(&body, DER_SEQUENCE, &out->issuer) ||
	    !der_take(&body, DER_SEQUENCE, &out->validity) ||
	    !der_take_whole(&body, DER_SEQUENCE, &out->subject) ||
	    !der_take(&body, DER_SEQUENCE, &info) || !parse_key(info, out))
		return -1;
	while (body.n > 0) {
		if (!der_next(&body, &tag, &extensions))
			return -1;
		if (tag == (DER_CONTEXT | DER_INSIDE | 3) &&
		    !parse_extensions(extensions, out))
			return -1;
	}
	return 0;
}

/* RFC 5280 4.1.2.5: UTCTime's years are 1950 to 2049. */
static bool
take_time(struct span *s, char out[X509_TIME])
{
	struct span t;
	unsigned tag;
	size_t have = 0;

	if (!der_next(s, &tag, &t) || (tag != DER_UTC_TIME && tag != DER_TIME))
		return false;
	if (tag == DER_UTC_TIME) {
		memcpy(out, t.n > 0 && t.p[0] >= '5' ? "19" : "20", 2);
		have = 2;
	}
	if (t.n != X509_TIME - have || t.p[t.n - 1] != 'Z')
		return false;
	for (size_t i = 0; i + 1 < t.n; i++)
		if (!ascii_isdigit(t.p[i]))
			return false;
	memcpy(out + have, t.p, t.n - 1);
	out[X509_TIME - 1] = '\0';
	return true;
}

bool
x509_dates(const struct x509 *c, char from[X509_TIME], char until[X509_TIME])
{
	struct span s = c->validity;

	return take_time(&s, from) && take_time(&s, until);
}

bool
x509_next_dns(struct span *names, struct span *dns)
{
	unsigned tag;

	while (der_next(names, &tag, dns))
		if (tag == (DER_CONTEXT | 2))
			return true;
	return false;
}

bool
x509_covers(const struct x509 *c, struct span host)
{
	struct span names = c->names, dns;

	while (x509_next_dns(&names, &dns)) {
		size_t label = span_chr(host, '.');

		if (span_ieq(dns, host))
			return true;
		if (dns.n > 2 && dns.p[0] == '*' && dns.p[1] == '.' &&
		    label > 0 && label < host.n &&
		    span_ieq(span_skip(dns, 1), span_skip(host, label)))
			return true;
	}
	return false;
}

/* The last commonName of a DN is the most specific one. */
static bool
common_name(struct span dn, struct span *name)
{
	struct span rdns, set, pair, oid;
	bool found = false;
	unsigned tag;

	if (!der_take(&dn, DER_SEQUENCE, &rdns))
		return false;
	while (der_take(&rdns, DER_SET, &set))
		while (der_take(&set, DER_SEQUENCE, &pair))
			if (der_take(&pair, DER_OID, &oid) &&
			    span_eq(oid, oid_cn) &&
			    der_next(&pair, &tag, name))
				/* UTF8String, PrintableString, IA5String */
				found = tag == 0x0c || tag == 0x13 ||
				    tag == 0x16;
	return found;
}

static bool
mail_address(struct span names, struct span *name)
{
	unsigned tag;

	while (der_next(&names, &tag, name))
		if (tag == (DER_CONTEXT | 1))
			return true;
	return false;
}

bool
x509_name(const struct x509 *c, struct span *name)
{
	struct span names = c->names;

	if (!common_name(c->subject, name) && !x509_next_dns(&names, name) &&
	    !mail_address(c->names, name))
		return false;
	for (size_t i = 0; i < name->n; i++)
		if ((unsigned char)name->p[i] < ' ' || name->p[i] == 0x7f)
			return false;
	return name->n > 0 && name->n <= X509_NAME_MAX && utf8_valid(*name);
}
