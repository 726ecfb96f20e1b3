/* Answers off the wire: what is in them, and what an attacker put there. */
#include "dns.h"
#include "packet.h"
#include "tap.h"

#define Q 12 /* where the question's name is */

static struct arena arena;
static struct buf b;
static struct dns_answer a;

/* Starts a packet that answers NAME's TYPE. */
static void
start(const char *name, unsigned type, unsigned flags, unsigned an,
    unsigned ns, unsigned ar)
{
	buf_reset(&b);
	packet_header(&b, 7, PACKET_QR | flags, 1, an, ns, ar);
	packet_question(&b, name, type);
}

/* Parses an exact copy, so that a sanitizer sees a step too far. */
static int
parse(struct span s)
{
	char *copy = malloc(s.n ? s.n : 1);
	int result;

	memcpy(copy, s.p, s.n);
	result = dns_parse(span_make(copy, s.n), &arena, &a);
	free(copy);
	return result;
}

static void
good(const char *name)
{
	is_int(parse(buf_span(&b)), 0, name);
}

static void
bad(const char *name)
{
	is_int(parse(buf_span(&b)), -1, name);
}

static void
types(void)
{
	char text[IP_TEXT];
	size_t n;

	start("Host.Test.", DNS_ANY, 0x0400, 9, 0, 0);
	packet_rr(&b, Q, DNS_A, 300, 4);
	buf_put(&b, SPAN("\300\0\2\1"));
	packet_rr(&b, Q, DNS_AAAA, 301, 16);
	buf_put(&b, SPAN("\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1"));
	packet_rr(&b, Q, DNS_MX, 302, 7);
	packet_16(&b, 10);
	buf_put(&b, SPAN("\2mx"));
	packet_pointer(&b, Q + 5);
	packet_rr(&b, Q, DNS_TXT, 4294967295, 9);
	buf_put(&b, SPAN("\3v=s\0\3pf1"));
	packet_rr(&b, Q, DNS_CNAME, 0, 2);
	packet_pointer(&b, Q + 5);
	n = b.n;
	packet_rr(&b, Q, DNS_SOA, 0, 24);
	packet_pointer(&b, Q);
	packet_pointer(&b, Q + 5);
	for (uint32_t i = 1; i <= 5; i++)
		packet_32(&b, i * 1000000000u);
	packet_rr(&b, Q, DNS_NS, 0, 1);
	buf_putc(&b, '\0');
	packet_rr(&b, Q, 65280, 0, 3);
	buf_put(&b, SPAN("xyz"));
	packet_rr(&b, Q, DNS_PTR, 0, 7);
	buf_put(&b, SPAN("\5a.b\0\\\0"));
	good("nine types");
	is_int(a.rcode, DNS_NOERROR, "rcode");
	ok(a.asked && a.type == DNS_ANY && a.class == DNS_IN, "question");
	is_span(a.name, SPAN("host.test."), "... its name, lower case");
	is_size(a.answer.n, 9, "records");
	is_span(a.answer.v[0].name, SPAN("host.test."), "owner");
	is_str(ip_format(&a.answer.v[0].ip, text), "192.0.2.1", "A");
	is_int(a.answer.v[0].ttl, 300, "ttl");
	is_str(ip_format(&a.answer.v[1].ip, text), "2001:db8::1", "AAAA");
	is_span(a.answer.v[2].host, SPAN("mx.test."), "MX host");
	is_int(a.answer.v[2].number[0], 10, "MX preference");
	is_span(a.answer.v[3].text, SPAN("v=spf1"), "TXT put together");
	is_int(a.answer.v[3].ttl, 4294967295, "the longest ttl");
	is_span(a.answer.v[4].host, SPAN("test."), "CNAME");
	is_span(a.answer.v[5].host, SPAN("host.test."), "SOA mname");
	is_span(a.answer.v[5].rname, SPAN("test."), "SOA rname");
	is_int(a.answer.v[5].number[4], 705032704, "SOA minimum");
	is_span(a.answer.v[6].host, SPAN("."), "NS of the root");
	is_size(a.answer.v[7].data.n, 3, "an unknown type is its octets");
	is_span(a.answer.v[8].host, SPAN("a\\.b\\000\\\\."), "escapes");
	ok(n < b.n, "packet");
	for (n = 0; n < b.n; n++)
		if (parse(span_head(buf_span(&b), n)) != -1)
			break;
	is_size(n, b.n, "cut anywhere it is malformed");
}

static void
sections(void)
{
	start("x.", DNS_A, DNS_NXDOMAIN, 0, 1, 2);
	packet_rr(&b, Q, DNS_NS, 0, 2);
	packet_pointer(&b, Q);
	packet_rr(&b, Q, DNS_A, 0, 4);
	packet_32(&b, 1);
	buf_put(&b, SPAN("\0\0\x29\x04\xd0\1\0\0\0\0\0"));
	good("authority and extra");
	is_int(a.rcode, 16 + DNS_NXDOMAIN, "rcode with the upper bits of OPT");
	is_size(a.answer.n, 0, "no answer");
	is_size(a.authority.n, 1, "authority");
	is_size(a.extra.n, 1, "extra, without OPT");
	start("x.", DNS_A, DNS_SERVFAIL, 0, 0, 0);
	good("only a question");
	is_int(a.rcode, DNS_SERVFAIL, "... rcode");
	buf_reset(&b);
	packet_header(&b, 7, PACKET_QR | DNS_FORMERR, 0, 0, 0, 0);
	good("not even that");
	ok(!a.asked && a.rcode == DNS_FORMERR, "... rcode");
	start("x.", DNS_A, 0, 0, 0, 0);
	buf_puts(&b, "more");
	good("octets behind are nobody's");
	start("x.", DNS_AAAA, 0, 1, 0, 0);
	packet_rr(&b, Q, DNS_AAAA, 0, 16);
	buf_put(&b, SPAN("\0\0\0\0\0\0\0\0\0\0\xff\xff\300\0\2\1"));
	good("a mapped address");
	is_int(a.answer.v[0].ip.family, AF_INET, "... is the v4 one");
}

static void
headers(void)
{
	buf_reset(&b);
	bad("nothing");
	packet_header(&b, 7, 0, 1, 0, 0, 0);
	packet_question(&b, "x.", DNS_A);
	bad("a question is no answer");
	start("x.", DNS_A, 0x2000, 0, 0, 0);
	bad("another opcode");
	start("x.", DNS_A, PACKET_TC, 0, 0, 0);
	bad("cut short by the server");
	buf_reset(&b);
	packet_header(&b, 7, PACKET_QR, 2, 0, 0, 0);
	packet_question(&b, "x.", DNS_A);
	packet_question(&b, "x.", DNS_A);
	bad("two questions");
	start("x.", DNS_A, 0, 65535, 65535, 65535);
	bad("counts without records");
	start("x.", DNS_A, 0, 1, 0, 0);
	packet_rr(&b, Q, DNS_A, 0, 4);
	buf_put(&b, SPAN("\1\2\3"));
	bad("data beyond the end");
	buf_putc(&b, 4);
	good("... and not beyond");
}

static void
lengths(void)
{
	static const struct {
		unsigned type;
		struct span data;
		const char *name;
	} wrong[] = {
	    {DNS_A, SPAN_LIT("\1\2\3"), "A of 3"},
	    {DNS_A, SPAN_LIT("\1\2\3\4\5"), "A of 5"},
	    {DNS_A, SPAN_LIT(""), "A of 0"},
	    {DNS_AAAA, SPAN_LIT("\1\2\3\4"), "AAAA of 4"},
	    {DNS_MX, SPAN_LIT("\0"), "MX of 1"},
	    {DNS_MX, SPAN_LIT("\0\1"), "MX without a host"},
	    {DNS_MX, SPAN_LIT("\0\1\1x"), "MX with half a host"},
	    {DNS_MX, SPAN_LIT("\0\1\1x\0y"), "MX and more"},
	    {DNS_TXT, SPAN_LIT(""), "TXT of 0"},
	    {DNS_TXT, SPAN_LIT("\4abc"), "TXT beyond its data"},
	    {DNS_TXT, SPAN_LIT("\1a\1"), "TXT, the second beyond its data"},
	    {DNS_NS, SPAN_LIT(""), "NS of 0"},
	    {DNS_NS, SPAN_LIT("\1x"), "NS without its end"},
	    {DNS_NS, SPAN_LIT("\x40x\0"), "a label of a kind that is none"},
	    {DNS_NS, SPAN_LIT("\x80x\0"), "... of another"},
	    {DNS_NS, SPAN_LIT("\xc0"), "half a pointer"},
	    {DNS_PTR, SPAN_LIT("\3abc"), "PTR without its end"},
	    {DNS_SOA, SPAN_LIT("\0\0\0\0\0\1"), "half an SOA"},
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		start("x.", wrong[i].type, 0, 1, 0, 0);
		packet_rr(&b, Q, wrong[i].type, 0,
		    (unsigned)wrong[i].data.n);
		buf_put(&b, wrong[i].data);
		/* What follows must not be taken for the record's. */
		buf_put(&b, SPAN("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"));
		bad(wrong[i].name);
	}
}

/* An NS record whose host is what was put behind this. */
static void
host_of(unsigned length)
{
	start("x.test.", DNS_NS, 0, 1, 0, 0);
	packet_rr(&b, Q, DNS_NS, 0, length);
}

static void
pointers(void)
{
	unsigned at;

	host_of(2);
	packet_pointer(&b, (unsigned)b.n);
	bad("a pointer to itself");
	host_of(4);
	at = (unsigned)b.n;
	buf_put(&b, SPAN("\1y"));
	packet_pointer(&b, at);
	bad("a name that ends in itself");
	host_of(2);
	packet_pointer(&b, (unsigned)b.n + 2);
	buf_put(&b, SPAN("\1y\0"));
	bad("a pointer forward");
	host_of(2);
	packet_pointer(&b, 0x3fff);
	bad("a pointer beyond the end");
	host_of(2);
	packet_pointer(&b, 4);
	bad("a pointer into the header");
	host_of(2);
	packet_pointer(&b, Q + 2);
	good("a pointer to the end of a name");
	is_span(a.answer.v[0].host, SPAN("test."), "... gives that");
	host_of(2);
	packet_pointer(&b, Q + 7);
	good("a pointer to a root");
	is_span(a.answer.v[0].host, SPAN("."), "... is the root");

	/* The question's name points at itself. */
	buf_reset(&b);
	packet_header(&b, 7, PACKET_QR, 1, 0, 0, 0);
	packet_pointer(&b, Q);
	packet_32(&b, 0x00010001);
	bad("a question that is a loop");

	/* Two names that point at each other. */
	buf_reset(&b);
	packet_header(&b, 7, PACKET_QR, 1, 0, 0, 0);
	packet_pointer(&b, Q + 2);
	packet_pointer(&b, Q);
	bad("a loop of two");
}

static void
long_names(void)
{
	struct buf name = {0};
	unsigned at;

	for (int i = 0; i < 127; i++)
		buf_puts(&name, "x.");
	start(buf_cstr(&name), DNS_A, 0, 0, 0, 0);
	good("a name of 255 octets");
	is_size(a.name.n, 254, "... whole");
	buf_puts(&name, "x.");
	start(buf_cstr(&name), DNS_A, 0, 0, 0, 0);
	bad("a name of 257 octets");
	buf_free(&name);

	/* A ladder: each name is one label and a pointer to the one before. */
	start("x.", DNS_NS, 0, 130, 0, 0);
	at = Q;
	for (unsigned i = 0; i < 130; i++) {
		packet_rr(&b, Q, DNS_NS, 0, 4);
		buf_put(&b, SPAN("\1y"));
		packet_pointer(&b, at);
		at = (unsigned)b.n - 4;
	}
	bad("pointers that make a name too long");
}

static void
find(void)
{
	const struct dns_rr *rr;
	size_t i = 0;

	/* x.test CNAME test, test A, and an A of a name nobody asked for. */
	start("x.test.", DNS_A, 0, 3, 0, 0);
	packet_rr(&b, Q, DNS_CNAME, 0, 2);
	packet_pointer(&b, Q + 2);
	packet_rr(&b, Q + 7, DNS_A, 0, 4);
	packet_32(&b, 1);
	packet_rr(&b, Q + 2, DNS_A, 0, 4);
	packet_32(&b, 0xc0000201);
	good("a CNAME");
	rr = dns_find(&a, SPAN("X.TEST."), DNS_A, &i);
	ok(rr != NULL && rr->ip.a[0] == 192, "followed");
	ok(dns_find(&a, SPAN("x.test."), DNS_A, &i) == NULL, "no other");
	i = 0;
	rr = dns_find(&a, SPAN("x.test."), DNS_CNAME, &i);
	ok(rr != NULL && span_eq(rr->host, SPAN("test.")), "itself");
	i = 0;
	ok(dns_find(&a, SPAN("y.test."), DNS_A, &i) == NULL, "not asked for");
	i = 0;
	ok(dns_find(&a, SPAN("x.test."), DNS_MX, &i) == NULL, "another type");

	start("x.test.", DNS_A, 0, 2, 0, 0);
	packet_rr(&b, Q, DNS_CNAME, 0, 2);
	packet_pointer(&b, Q + 2);
	packet_rr(&b, Q + 2, DNS_CNAME, 0, 2);
	packet_pointer(&b, Q);
	good("a ring of CNAMEs");
	i = 0;
	ok(dns_find(&a, SPAN("x.test."), DNS_A, &i) == NULL, "... ends");
}

int
main(void)
{
	types();
	sections();
	headers();
	lengths();
	pointers();
	long_names();
	find();
	buf_free(&b);
	arena_free(&arena);
	return done_testing();
}
