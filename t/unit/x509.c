/* x509, pem and der: what a certificate says (RFC 5280, 7468). */
#include "der.h"
#include "pem.h"
#include "tap.h"
#include "tls_samples.h"
#include "x509.h"

static struct buf der;

static struct span
first(const char *text, struct span *label)
{
	struct span rest = span_of(text);

	buf_reset(&der);
	is_int(pem_next(&rest, label, &der), 1, "a block");
	return buf_span(&der);
}

static void
text_blocks(void)
{
	static const char two[] = "words\n-----BEGIN A-----\r\nZm9v\r\nYmFy \n"
	    "-----END A-----\nmore\n-----BEGIN B C-----\n-----END B C-----";
	static const char *const broken[] = {
	    "-----BEGIN A-----\nZm9v\n",
	    "-----BEGIN A-----\nZm9v\n-----END B-----\n",
	    "-----BEGIN A-----\nZm9v\n-----BEGIN A-----\n-----END A-----\n",
	    ("-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\nZm9v\n"
	     "-----END A-----\n"),
	    "-----BEGIN A-----\nZm9\n-----END A-----\n",
	};
	struct span rest = span_of(two), label;

	buf_reset(&der);
	is_int(pem_next(&rest, &label, &der), 1, "text in front");
	is_span(label, SPAN("A"), "its label");
	is_span(buf_span(&der), SPAN("foobar"), "its octets");
	is_int(pem_next(&rest, &label, &der), 1, "text between");
	is_span(label, SPAN("B C"), "the second label");
	is_span(buf_span(&der), SPAN("foobar"), "nothing in it");
	is_int(pem_next(&rest, &label, &der), 0, "the end");
	is_int(pem_next(&rest, &label, &der), 0, "and again");
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		rest = span_of(broken[i]);
		is_int(pem_next(&rest, &label, &der), -1, broken[i]);
	}
}

static void
elements(void)
{
	static const struct span bad[] = {SPAN_LIT(""), SPAN_LIT("\x30"),
	    SPAN_LIT("\x30\x01"), SPAN_LIT("\x30\x80\0\0"),
	    SPAN_LIT("\x30\x84\0\0\0\0"), SPAN_LIT("\x30\x82\x01"),
	    SPAN_LIT("\x30\x82\xff\xff\0"), SPAN_LIT("\x1f\x81\x01\0")};
	struct span s = SPAN("\x02\x02\x00\x80\x02\x01\xff\x04\x81\x01x"), n;
	unsigned tag;

	ok(der_take_number(&s, &n), "a number");
	is_span(n, SPAN("\x80"), "without its zero");
	ok(!der_take_number(&s, &n), "a negative one is none here");
	ok(!der_take(&s, DER_OCTETS, &n), "another tag");
	ok(der_next(&s, &tag, &n) && der_next(&s, &tag, &n), "the others");
	is_span(n, SPAN("x"), "a long length");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		s = bad[i];
		ok(!der_next(&s, &tag, &n) && s.n == bad[i].n, "broken");
	}
}

static void
certificate(void)
{
	struct span label, name, names, d = first(SAMPLE_EC, &label);
	struct x509 c;

	is_span(label, SPAN("CERTIFICATE"), "the label");
	is_int(x509_parse(d, &c), 0, "a certificate");
	is_int(c.key, X509_P256, "its key");
	is_size(c.ec_point.n, 65, "its point");
	ok(span_eq(c.issuer, c.subject), "signed by itself");
	names = c.names;
	ok(x509_next_dns(&names, &name), "a name");
	is_span(name, SPAN("mx.example.org"), "the first");
	ok(x509_next_dns(&names, &name), "another");
	is_span(name, SPAN("*.example.net"), "the second");
	ok(!x509_next_dns(&names, &name), "a mail address is no host");
	ok(x509_name(&c, &name), "it has a common name");
	is_span(name, SPAN("mx.example.org"), "which is this");
	ok(x509_covers(&c, SPAN("MX.example.ORG")), "covers, in any case");
	ok(x509_covers(&c, SPAN("a.example.net")), "covers by wildcard");
	ok(!x509_covers(&c, SPAN("a.b.example.net")), "one label only");
	ok(!x509_covers(&c, SPAN(".example.net")), "and not an empty one");
	ok(!x509_covers(&c, SPAN("example.net")), "nor none");
	ok(!x509_covers(&c, SPAN("example.org")), "not another");
	ok(!x509_covers(&c, SPAN("")), "not the empty name");
	for (size_t i = 0; i < d.n; i++)
		if (x509_parse(span_head(d, i), &c) == 0)
			ok(false, "cut short");
	d = first(SAMPLE_RSA, &label);
	is_int(x509_parse(d, &c), 0, "RSA");
	is_int(c.key, X509_RSA, "its key");
	is_size(c.rsa_n.n, 128, "its modulus");
	is_span(c.rsa_e, SPAN("\1\0\1"), "its exponent");
	ok(x509_name(&c, &name), "no common name");
	is_span(name, SPAN("rsa@b.example"), "the mail address then");
	d = first(SAMPLE_ED, &label);
	is_int(x509_parse(d, &c), 0, "Ed25519");
	is_int(c.key, X509_OTHER, "is another key");
}

/* A name with something in it that does not belong there. */
static void
odd_names(void)
{
	struct span label, d, name;
	struct x509 c;

	for (int i = 0; i < 256; i++) {
		char *at;

		d = first(SAMPLE_EC, &label);
		at = memmem(der.p, der.n, "mx.example.org", 14);
		at = memmem(at + 1, der.n - (size_t)(at + 1 - der.p),
		    "mx.example.org", 14);
		at[2] = (char)i;
		if (x509_parse(d, &c) == -1 ||
		    x509_name(&c, &name) != (i >= ' ' && i < 0x7f))
			ok(false, "an octet in a name");
	}
	ok(true, "no control octet, no broken UTF-8 in a name");
}

static void
dates(void)
{
	static const struct {
		struct span der;
		const char *from, *until; /* NULL: none that can be read */
	} all[] = {
	    {SPAN_LIT("\x17\x0d" "491231235959Z" "\x17\x0d" "500101000000Z"),
		"20491231235959", "19500101000000"},
	    {SPAN_LIT("\x17\x0d" "261120164900Z" "\x18\x0f"
		"99991231235959Z"), "20261120164900", "99991231235959"},
	    {SPAN_LIT("\x17\x0d" "261120164900Z"), NULL, NULL},
	    {SPAN_LIT("\x17\x0b" "2611201649Z" "\x17\x0b" "2611201649Z"),
		NULL, NULL},
	    {SPAN_LIT("\x18\x0d" "261120164900Z" "\x18\x0d"
		"261120164900Z"), NULL, NULL},
	    {SPAN_LIT("\x17\x0d" "2611201649 0Z" "\x17\x0d"
		"261120164900Z"), NULL, NULL},
	    {SPAN_LIT("\x17\0\x17\0"), NULL, NULL},
	    {SPAN_LIT(""), NULL, NULL},
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct x509 c = {.validity = all[i].der};
		char from[X509_TIME], until[X509_TIME];
		bool good = x509_dates(&c, from, until);

		is_int(good, all[i].from != NULL, "dates");
		if (!good || all[i].from == NULL)
			continue;
		is_span(span_of(from), span_of(all[i].from), "from");
		is_span(span_of(until), span_of(all[i].until), "until");
	}
}

int
main(void)
{
	text_blocks();
	elements();
	certificate();
	odd_names();
	dates();
	buf_free(&der);
	return done_testing();
}
