/* Questions to a resolver, which is a child of this test. */
#include "resolver.h"
#include "tap.h"
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

static char server[40];
static struct dns d;
static struct buf name;

static void
use(const char *address)
{
	struct span s = span_of(address);

	is_int(dns_init(&d, &s, 1), 0, address);
}

static clock_ms
soon(void)
{
	return clock_deadline(300);
}

static clock_ms
later(void)
{
	return clock_deadline(20000);
}

static const struct dns_query *
ask(unsigned type, const char *what, clock_ms deadline)
{
	static const struct dns_query none = {.answer = {.rcode = -1}};
	const struct dns_query *q;

	if (dns_query(&d, DNS_IN, type, span_of(what)) == -1)
		return &none;
	is_int(dns_wait(&d, true, deadline), 0, what);
	q = dns_take(&d);
	return q != NULL ? q : &none;
}

static void
answers(void)
{
	const struct dns_query *q = ask(DNS_A, "host.test", later());

	is_int(q->answer.rcode, DNS_NOERROR, "an address");
	is_size(q->answer.answer.n, 1, "... one");
	is_span(q->name, SPAN("host.test."), "... of this name");
	is_span(q->asked, SPAN("host.test"), "... as it was asked");
	q = ask(DNS_PTR, "192.0.2.1", later());
	is_span(q->name, SPAN("1.2.0.192.in-addr.arpa."), "an address turned");
	is_size(q->answer.answer.n, 2, "... two names");
	is_int(ask(DNS_A, "nx.test.", later())->answer.rcode, DNS_NXDOMAIN,
	    "NXDOMAIN");
	is_int(ask(DNS_A, "servfail.test", later())->answer.rcode,
	    DNS_SERVFAIL, "SERVFAIL");
	is_int(ask(DNS_A, "refused.test", later())->answer.rcode, DNS_REFUSED,
	    "REFUSED");
	q = ask(DNS_A, "large.test", later());
	is_int(q->answer.rcode, DNS_NOERROR, "over TCP");
	is_size(q->answer.answer.n, 500, "... all of it");
	is_int(ask(DNS_A, ".", later())->answer.rcode, DNS_NOERROR, "root");
	dns_reset(&d);
}

static void
hostile(void)
{
	const struct dns_query *q = ask(DNS_PTR, "loop.test", later());

	is_int(q->answer.rcode, DNS_ERRNO, "a loop");
	is_int(q->answer.error, EBADMSG, "... is malformed");
	q = ask(DNS_A, "liar.test", later());
	is_int(q->answer.rcode, DNS_ERRNO, "counts that lie");
	is_int(q->answer.error, EBADMSG, "... are malformed");
	is_int(ask(DNS_A, "silent.test", soon())->answer.rcode, DNS_TIMEOUT,
	    "no answer");
	is_int(ask(DNS_A, "silent.test", clock_mono() - 1)->answer.rcode,
	    DNS_TIMEOUT, "no time");
	dns_reset(&d);
}

static void
several(void)
{
	const struct dns_query *q;
	int done = 0;

	dns_query(&d, DNS_IN, DNS_A, SPAN("silent.test"));
	dns_query(&d, DNS_IN, DNS_A, SPAN("host.test"));
	dns_query(&d, DNS_IN, DNS_AAAA, SPAN("host.test"));
	is_size(d.pending, 3, "three are asked");
	is_int(dns_wait(&d, false, later()), 0, "wait for one");
	for (; (q = dns_take(&d)) != NULL; done++)
		ok(span_eq(q->name, SPAN("host.test.")), "the one who talks");
	ok(done >= 1, "... was heard");
	while (done < 2) {
		dns_wait(&d, false, later());
		while (dns_take(&d) != NULL)
			done++;
	}
	is_size(d.pending, 1, "one is left");
	is_int(dns_wait(&d, false, soon()), 0, "wait for it");
	q = dns_take(&d);
	ok(q != NULL && q->answer.rcode == DNS_TIMEOUT, "... in vain");
	ok(dns_take(&d) == NULL, "no more");
	is_int(dns_wait(&d, true, later()), 0, "nothing to wait for");
	dns_query(&d, DNS_IN, DNS_A, SPAN("silent.test"));
	dns_reset(&d);
	is_size(d.pending, 0, "reset forgets");
	is_int(ask(DNS_A, "host.test", later())->answer.rcode, DNS_NOERROR,
	    "... and goes on");
	dns_query(&d, DNS_IN, DNS_A, SPAN("silent.test"));
	dns_close(&d);
	ok(d.channel == NULL, "closed with a question open");
	dns_reset(&d);
}

static void
refused_names(void)
{
	static const struct span bad[] = {SPAN_LIT("a..b"), SPAN_LIT(".a"),
	    SPAN_LIT("a b"), SPAN_LIT("a\0b"), SPAN_LIT("a\nb"),
	    SPAN_LIT("a\\.b"), SPAN_LIT("\xc3\xbc.test"), SPAN_LIT("a.."),
	    SPAN_LIT("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		     "xxxxxxxxx.test")};
	struct buf b = {0};
	int n = 0;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		errno = 0;
		ok(dns_query(&d, DNS_IN, DNS_A, bad[i]) == -1 &&
			errno == EINVAL, "no name");
	}
	for (int i = 0; i < 127; i++)
		buf_puts(&b, "x.");
	is_int(dns_query(&d, DNS_IN, DNS_A, buf_span(&b)), 0, "254 octets");
	buf_puts(&b, "x.");
	is_int(dns_query(&d, DNS_IN, DNS_A, buf_span(&b)), -1, "256 octets");
	dns_reset(&d);
	while (n < 1000 && dns_query(&d, DNS_IN, DNS_A, SPAN("x")) == 0)
		n++;
	is_int(n, DNS_QUERIES, "a limit on questions");
	is_int(errno, E2BIG, "... errno");
	dns_reset(&d);
	buf_free(&b);
}

static void
pointer(const char *address, int error, const char *want)
{
	struct ip ip = {0};
	int result;

	ip_parse(span_of(address), &ip);
	buf_puts(&name, "old");
	errno = 0;
	result = dns_ptr(&d, &ip, error == ETIMEDOUT ? soon() : later(),
	    &name);
	is_int(result, error == 0 ? 0 : -1, address);
	if (error != 0)
		is_int(errno, error, "... errno");
	is_span(buf_span(&name), span_of(want), "... name");
}

static void
pointers(void)
{
	pointer("192.0.2.1", 0, "host.test");
	pointer("2001:db8::1", 0, "host.test");
	pointer("::ffff:192.0.2.1", 0, "host.test");
	pointer("192.0.2.2", ENOENT, "");
	pointer("192.0.2.3", ENOENT, "");
	pointer("192.0.2.4", EAGAIN, "");
	pointer("192.0.2.5", ETIMEDOUT, "");
	pointer("192.0.2.6", 0, "six.test");
	pointer("192.0.2.7", ENOENT, "");
	pointer("unknown", ENOENT, "");
}

/* What was not asked has its place among what was. */
static void
noted(void)
{
	const struct dns_query *q;

	ok(!dns_untaken(&d), "nothing is untaken");
	dns_query(&d, DNS_IN, DNS_A, SPAN("host.test"));
	is_span(dns_last(&d)->name, SPAN("host.test."), "the newest");
	is_int(dns_note(&d, DNS_IN, DNS_MX, SPAN("a\0b"), DNS_FORMERR, EINVAL),
	    0, "a note");
	is_span(dns_last(&d)->name, SPAN("a\0b."), "... has its name");
	dns_query(&d, DNS_IN, DNS_A, SPAN("nx.test"));
	is_size(d.pending, 2, "it is not pending");
	dns_wait(&d, true, later());
	ok(dns_untaken(&d), "they are untaken");
	q = dns_take(&d);
	ok(q != NULL && q->type == DNS_A, "the first");
	q = dns_take(&d);
	ok(q != NULL && q->type == DNS_MX && q->answer.rcode == DNS_FORMERR &&
		q->answer.error == EINVAL, "the second");
	q = dns_take(&d);
	ok(q != NULL && q->answer.rcode == DNS_NXDOMAIN, "the third");
	ok(!dns_untaken(&d), "that was all");
	dns_reset(&d);
	for (int i = 0; i < DNS_QUERIES; i++)
		dns_note(&d, DNS_IN, DNS_A, SPAN(""), DNS_FORMERR, EINVAL);
	is_span(dns_last(&d)->name, SPAN("."), "a note of no name");
	is_int(dns_note(&d, DNS_IN, DNS_A, SPAN("x"), DNS_FORMERR, EINVAL), -1,
	    "one too many");
	is_int(errno, E2BIG, "... errno");
	dns_reset(&d);
}

static void
servers(void)
{
	static const struct span good[] = {SPAN_LIT("127.0.0.1"),
	    SPAN_LIT("127.0.0.1:5353"), SPAN_LIT("::1"), SPAN_LIT("[::1]"),
	    SPAN_LIT("[::1]:5353"), SPAN_LIT("[127.0.0.1]:1"),
	    SPAN_LIT("2001:db8::1"), SPAN_LIT("127.0.0.1:65535")};
	static const struct span bad[] = {SPAN_LIT(""), SPAN_LIT("localhost"),
	    SPAN_LIT("127.0.0.1:"), SPAN_LIT("127.0.0.1:0"),
	    SPAN_LIT("127.0.0.1:65536"), SPAN_LIT("127.0.0.1:5x"),
	    SPAN_LIT("[::1"), SPAN_LIT("[::1]5"), SPAN_LIT("[::1]:"),
	    SPAN_LIT("[]"), SPAN_LIT("::1:x"), SPAN_LIT("127.0.0.1 ")};
	struct span nine[9];
	struct dns e;

	is_int(dns_init(&e, good, 8), 0, "eight servers");
	is_int(e.server[1].port, 5353, "a port");
	is_int(e.server[6].port, 53, "the usual port");
	is_int(e.server[4].port, 5353, "a port behind brackets");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		is_int(dns_init(&e, &bad[i], 1), -1, "no server");
	for (size_t i = 0; i < 9; i++)
		nine[i] = good[0];
	is_int(dns_init(&e, nine, 9), -1, "nine servers");
	is_int(errno, E2BIG, "... are too many");
}

int
main(void)
{
	const struct dns_query *q;
	unsigned port;
	pid_t pid = resolver_start(&port);

	if (pid == -1)
		return EXIT_FAILURE;
	snprintf(server, sizeof server, "127.0.0.1:%u", port);
	servers();
	use(server);
	answers();
	hostile();
	several();
	noted();
	refused_names();
	pointers();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);

	q = ask(DNS_A, "host.test", later());
	is_int(q->answer.rcode, DNS_ERRNO, "nobody there");
	is_int(q->answer.error, ECONNREFUSED, "... refused, not waited for");
	pointer("192.0.2.1", ECONNREFUSED, "");
	dns_close(&d);
	buf_free(&name);
	return done_testing();
}
