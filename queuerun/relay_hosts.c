/* relay_hosts: see relay_hosts.h. */
#include "relay_hosts.h"
#include "idna.h"
#include "ip_kind.h"
#include <errno.h>
#include <ifaddrs.h>
#include <stdlib.h>
#include <sys/random.h>

/* --- pure --- */

void
relay_mx_sort(struct relay_mx *v, size_t n, const unsigned char *random)
{
	/* A shuffle, then a sort that leaves equals as they are. */
	for (size_t i = n; i > 1; i--) {
		size_t k = random[i - 1] % i;
		struct relay_mx m = v[i - 1];

		v[i - 1] = v[k];
		v[k] = m;
	}
	for (size_t i = 1; i < n; i++) {
		struct relay_mx m = v[i];
		size_t k = i;

		for (; k > 0 && v[k - 1].preference > m.preference; k--)
			v[k] = v[k - 1];
		v[k] = m;
	}
}

size_t
relay_mx_before_us(const struct relay_mx *v, size_t n,
    const struct span *names, size_t nnames)
{
	size_t us = n;

	for (size_t i = 0; i < n && us == n; i++)
		for (size_t k = 0; k < nnames; k++)
			if (names[k].n > 0 && span_ieq(v[i].name, names[k]))
				us = i;
	while (us > 0 && us < n && v[us - 1].preference == v[us].preference)
		us--;
	return us;
}

/* --- who we are --- */

bool
relay_is_us(const struct ip *ip)
{
	unsigned kind = ip_kind(ip);
	struct ifaddrs *all, *i;
	bool found = false;

	if (kind & (IP_KIND_LOCALHOST | IP_KIND_LOOPBACK | IP_KIND_THIS_HOST |
		IP_KIND_THIS_NET))
		return true;
	if (getifaddrs(&all) == -1)
		return false;
	for (i = all; i != NULL && !found; i = i->ifa_next) {
		struct ip ours;

		found = i->ifa_addr != NULL &&
		    ip_from_sockaddr(i->ifa_addr, &ours, NULL) == 0 &&
		    ip_eq(&ours, ip);
	}
	freeifaddrs(all);
	return found;
}

/* --- look-ups --- */

static int
none(struct relay_hosts *h, enum outcome outcome, int code,
    const char *enhanced, struct span text)
{
	h->n = 0;
	h->outcome = outcome;
	h->code = code;
	h->enhanced = enhanced;
	h->text = text;
	return -1;
}

static int
dns_trouble(struct relay_hosts *h, struct span name, const char *why)
{
	return none(h, OUTCOME_LATER, 451, "4.4.3",
	    arena_printf(&h->arena, "the DNS look-up of %.*s failed: %s",
		SPAN_ARG(name), why));
}

static const char *
rcode_name(const struct dns_answer *a)
{
	switch (a->rcode) {
	case DNS_SERVFAIL:
		return "SERVFAIL";
	case DNS_REFUSED:
		return "REFUSED";
	case DNS_TIMEOUT:
		return "no answer";
	case DNS_ERRNO:
		return strerror(a->error);
	default:
		return "an answer that makes no sense";
	}
}

static bool
is_final(const struct dns_answer *a)
{
	return a->rcode == DNS_NOERROR || a->rcode == DNS_NXDOMAIN;
}

static void
wait_for_all(struct relay_hosts *h, const struct relay_who *who,
    clock_ms deadline)
{
	clock_ms until = clock_deadline(who->dns_ms);

	if (deadline < until)
		until = deadline;
	while (dns_wait(&h->dns, true, until) == -1)
		;
}

static struct span
without_root(struct span name)
{
	return name.n > 0 && name.p[name.n - 1] == '.' ?
	    span_head(name, name.n - 1) : name;
}

static void
add(struct relay_hosts *h, struct span name, const struct ip *ip,
    unsigned port, unsigned preference)
{
	if (h->n == RELAY_ADDRESSES)
		return;
	h->v[h->n++] = (struct relay_host){.name = name, .ip = *ip,
	    .port = port, .preference = preference};
}

/* The addresses of up to RELAY_MX hosts, all asked for at once. *failed names
 * one whose look-up failed, and why. */
static void
find_addresses(struct relay_hosts *h, const struct relay_mx *mx, size_t n,
    unsigned port, const struct relay_who *who, clock_ms deadline,
    struct span *failed, const char **why)
{
	static const unsigned types[] = {DNS_A, DNS_AAAA};
	const struct dns_query *q[2 * RELAY_MX];

	for (size_t i = 0; i < 2 * n; i++)
		q[i] = dns_query(&h->dns, DNS_IN, types[i % 2],
		    mx[i / 2].name) == 0 ? dns_last(&h->dns) : NULL;
	wait_for_all(h, who, deadline);
	for (size_t i = 0; i < 2 * n; i++) {
		const struct dns_rr *rr;
		size_t at = 0;

		/* A name that cannot be asked for has no address. */
		if (q[i] == NULL)
			continue;
		if (!is_final(&q[i]->answer)) {
			*failed = mx[i / 2].name;
			*why = rcode_name(&q[i]->answer);
			continue;
		}
		while ((rr = dns_find(&q[i]->answer, q[i]->name, q[i]->type,
			    &at)) != NULL)
			if (rr->ip.family != 0)
				add(h, mx[i / 2].name, &rr->ip, port,
				    mx[i / 2].preference);
	}
}

/*
 * An address that is ours means that we are that exchanger under another
 * name: it and what comes behind it is left out, or the mail would come back.
 * A port other than SMTP's is somebody else's.
 */
static int
leave_us_out(struct relay_hosts *h, struct span domain,
    const struct relay_who *who)
{
	unsigned ours = UINT32_MAX;
	size_t n = 0;

	for (size_t i = 0; i < h->n; i++)
		if (h->v[i].port == 25 && h->v[i].preference < ours &&
		    who->is_us(&h->v[i].ip))
			ours = h->v[i].preference;
	while (n < h->n && h->v[n].preference < ours)
		n++;
	if (n > 0 || h->n == 0) {
		h->n = n;
		return 0;
	}
	return none(h, OUTCOME_FAIL, 554, "5.4.6",
	    arena_printf(&h->arena, "mail for %.*s would come back to this "
		"host", SPAN_ARG(domain)));
}

static int
no_address(struct relay_hosts *h, struct span domain, bool implicit)
{
	if (implicit)
		return none(h, OUTCOME_FAIL, 550, "5.1.2",
		    arena_printf(&h->arena, "%.*s has neither a mail "
			"exchanger nor an address", SPAN_ARG(domain)));
	return none(h, OUTCOME_FAIL, 550, "5.4.4",
	    arena_printf(&h->arena, "no mail exchanger of %.*s has an "
		"address", SPAN_ARG(domain)));
}

/* The MX records of an answer; *null: the domain takes no mail (RFC 7505). */
static size_t
read_mx(struct relay_hosts *h, const struct dns_query *q, struct relay_mx *mx,
    size_t max, bool *null)
{
	const struct dns_rr *rr;
	size_t at = 0, n = 0, roots = 0;

	while ((rr = dns_find(&q->answer, q->name, DNS_MX, &at)) != NULL) {
		struct span name = without_root(rr->host);

		if (name.n == 0)
			roots++;
		else if (n < max)
			mx[n++] = (struct relay_mx){rr->number[0],
			    arena_dup(&h->arena, name)};
	}
	*null = roots > 0 && n == 0;
	return n;
}

/* As the DNS knows it (RFC 6531 3.2): 0; -1 for a name that is none. */
static int
ascii_of(struct relay_hosts *h, struct span *domain)
{
	struct buf b = {0};
	int r = idna_to_ascii(*domain, &b);

	if (r == 0)
		*domain = arena_dup(&h->arena, buf_span(&b));
	buf_free(&b);
	return r;
}

static int
find_by_mx(struct relay_hosts *h, struct span domain, unsigned port,
    const struct relay_who *who, clock_ms deadline)
{
	struct relay_mx mx[256] = {{0}};
	unsigned char random[256];
	struct span failed = {NULL, 0};
	const struct dns_query *q;
	const char *why = NULL;
	bool null = false, implicit;
	size_t n, all;

	if (ascii_of(h, &domain) == -1)
		return no_address(h, domain, true);
	if (dns_query(&h->dns, DNS_IN, DNS_MX, domain) == -1)
		return errno == EINVAL ? no_address(h, domain, true) :
		    dns_trouble(h, domain, strerror(errno));
	wait_for_all(h, who, deadline);
	q = dns_last(&h->dns);
	if (q->answer.rcode == DNS_NXDOMAIN)
		return none(h, OUTCOME_FAIL, 550, "5.1.2",
		    arena_printf(&h->arena, "%.*s does not exist",
			SPAN_ARG(domain)));
	if (!is_final(&q->answer))
		return dns_trouble(h, domain, rcode_name(&q->answer));
	all = read_mx(h, q, mx, sizeof mx / sizeof *mx, &null);
	if (null)
		return none(h, OUTCOME_FAIL, 556, "5.1.10",
		    arena_printf(&h->arena, "%.*s takes no mail (null MX)",
			SPAN_ARG(domain)));
	implicit = all == 0;
	if (implicit)
		mx[all++] = (struct relay_mx){0, domain};
	if (getrandom(random, sizeof random, 0) != sizeof random)
		memset(random, 0, sizeof random);
	relay_mx_sort(mx, all, random);
	/* A domain without MX may bear our name: then it is no exchanger. */
	n = implicit ? all :
	    relay_mx_before_us(mx, all, who->names, who->nnames);
	if (n == 0)
		return none(h, OUTCOME_FAIL, 554, "5.4.6",
		    arena_printf(&h->arena, "mail for %.*s would come back "
			"to this host, its mail exchanger", SPAN_ARG(domain)));
	dns_reset(&h->dns);
	find_addresses(h, mx, n < RELAY_MX ? n : RELAY_MX, port, who, deadline,
	    &failed, &why);
	if (h->n == 0)
		return failed.p != NULL ? dns_trouble(h, failed, why) :
					  no_address(h, domain, implicit);
	return leave_us_out(h, domain, who);
}

/* "[192.0.2.1]", "[IPv6:2001:db8::1]" (RFC 5321 4.1.3). */
static bool
parse_literal(struct span domain, struct ip *ip)
{
	struct span s = domain;

	if (s.n < 2 || s.p[0] != '[' || s.p[s.n - 1] != ']')
		return false;
	s = span_make(s.p + 1, s.n - 2);
	if (span_istarts(s, SPAN("IPv6:")))
		s = span_skip(s, 5);
	return ip_parse(s, ip) == 0;
}

static int
find_of_route(struct relay_hosts *h, const struct relay_route *route,
    unsigned port, const struct relay_who *who, clock_ms deadline)
{
	const struct target *t = &route->target;
	struct relay_mx one = {0, {NULL, 0}};
	struct span failed = {NULL, 0};
	const char *why = NULL;

	if (t->path.p != NULL) {
		h->v[h->n++] = (struct relay_host){
		    .name = SPAN(""), .path = arena_dup(&h->arena, t->path)};
		return 0;
	}
	one.name = arena_dup(&h->arena, t->host);
	if (t->ip.family != 0) {
		add(h, one.name, &t->ip, port, 0);
		return 0;
	}
	if (span_ieq(t->host, SPAN("localhost")) ||
	    span_iends(t->host, SPAN(".localhost"))) {
		/* RFC 6761 6.3 */
		static const char *const text[] = {"127.0.0.1", "::1"};
		struct ip ip;

		for (size_t i = 0; i < 2; i++)
			if (ip_parse(span_of(text[i]), &ip) == 0)
				add(h, one.name, &ip, port, 0);
		return 0;
	}
	find_addresses(h, &one, 1, port, who, deadline, &failed, &why);
	if (h->n > 0)
		return 0;
	if (failed.p != NULL)
		return dns_trouble(h, one.name, why);
	/* The administrator's mistake is not the sender's. */
	return none(h, OUTCOME_LATER, 451, "4.4.4",
	    arena_printf(&h->arena, "the route's host %.*s has no address",
		SPAN_ARG(one.name)));
}

int
relay_hosts_find(struct relay_hosts *h, const struct relay_route *route,
    struct span domain, unsigned port, const struct relay_who *who,
    clock_ms deadline)
{
	struct ip ip;
	int r;

	arena_reset(&h->arena);
	h->n = 0;
	if (route->port != 0)
		port = route->port;
	if (route->mx && parse_literal(domain, &ip)) {
		add(h, arena_dup(&h->arena, domain), &ip, port, 0);
		return leave_us_out(h, domain, who);
	}
	if (route->mx && domain.n > 0 && domain.p[0] == '[')
		return none(h, OUTCOME_FAIL, 550, "5.1.2",
		    SPAN("an address literal that is none"));
	if (dns_init(&h->dns, who->dnsservers->v, who->dnsservers->n) == -1)
		return none(h, OUTCOME_LATER, 451, "4.3.5",
		    SPAN("dnsservers are too many"));
	domain = arena_dup(&h->arena, domain);
	r = route->mx ? find_by_mx(h, domain, port, who, deadline) :
			find_of_route(h, route, port, who, deadline);
	dns_close(&h->dns);
	return r;
}
