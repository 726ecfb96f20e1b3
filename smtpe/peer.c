/* peer: see peer.h. */
#include "peer.h"
#include "address.h"
#include "dns.h"
#include "log.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include "num.h"

/* ${PROTO}NAME, as tcpserver and its kin set it; PROTO says TCP or TCP6. */
static struct span
launcher_variable(const char *name)
{
	const char *proto = getenv("PROTO");
	char full[64];

	snprintf(full, sizeof full, "%s%s",
	    proto != NULL && strcmp(proto, "TCP6") == 0 ? "TCP6" : "TCP", name);
	return span_of(getenv(full));
}

static struct span
port_text(struct arena *a, unsigned port)
{
	return arena_printf(a, "%u", port);
}

static bool
valid_port(struct span s)
{
	uint64_t v;

	return num_parse_max(s, 65535, &v) == 0;
}

/* Sets the address and its text from a launcher's word; false if it is not
 * an address. */
static bool
take_ip(struct span text, struct arena *a, struct ip *ip, struct span *out)
{
	char formatted[IP_TEXT];

	if (text.n == 0 || ip_parse(text, ip) == -1)
		return false;
	*out = arena_dup(a, span_of(ip_format(ip, formatted)));
	return true;
}

struct span
peer_lower(struct arena *a, struct span name)
{
	char *lower = arena_alloc(a, name.n);

	for (size_t i = 0; i < name.n; i++)
		lower[i] = ascii_lower(name.p[i]);
	return span_make(lower, name.n);
}

static bool
from_tcpserver(struct peer *p, struct arena *a)
{
	struct span name;

	if (!take_ip(launcher_variable("REMOTEIP"), a, &p->ip, &p->ip_text))
		return false;
	if (valid_port(launcher_variable("REMOTEPORT")))
		p->port = launcher_variable("REMOTEPORT");
	take_ip(launcher_variable("LOCALIP"), a, &p->local,
	    &p->local_ip_text);
	if (valid_port(launcher_variable("LOCALPORT")))
		p->local_port = launcher_variable("LOCALPORT");
	/* HOST may hold any octets: the DNS says so, not tcpserver. */
	name = launcher_variable("REMOTEHOST");
	if (address_domain_valid(name)) {
		p->name = peer_lower(a, name);
		p->name_known = true;
	}
	return true;
}

static bool
from_systemd(struct peer *p, struct arena *a)
{
	if (!take_ip(span_of(getenv("REMOTE_ADDR")), a, &p->ip, &p->ip_text))
		return false;
	if (valid_port(span_of(getenv("REMOTE_PORT"))))
		p->port = span_of(getenv("REMOTE_PORT"));
	return true;
}

static void
from_socket(struct peer *p, int fd, struct arena *a)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof sa;
	char text[IP_TEXT];
	unsigned port;

	if (p->ip.family == 0 &&
	    getpeername(fd, (struct sockaddr *)&sa, &len) == 0 &&
	    ip_from_sockaddr((struct sockaddr *)&sa, &p->ip, &port) == 0) {
		p->ip_text = arena_dup(a, span_of(ip_format(&p->ip, text)));
		p->port = port_text(a, port);
	}
	len = sizeof sa;
	if (p->local.family == 0 &&
	    getsockname(fd, (struct sockaddr *)&sa, &len) == 0 &&
	    ip_from_sockaddr((struct sockaddr *)&sa, &p->local, &port) == 0) {
		p->local_ip_text =
		    arena_dup(a, span_of(ip_format(&p->local, text)));
		p->local_port = port_text(a, port);
	}
}

void
peer_detect(struct peer *p, int rfd, int wfd, struct arena *a)
{
	int one = 1;

	memset(p, 0, sizeof *p);
	p->ip_text = SPAN("unknown");
	if (!from_tcpserver(p, a))
		from_systemd(p, a);
	if (p->ip.family == 0 || p->local.family == 0)
		from_socket(p, rfd, a);
	if (p->ip.family == 0)
		p->name_known = true;
	/* Without it a reply waits for the client's delayed ack: 40 ms. */
	setsockopt(wfd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

void
peer_replace(struct peer *p, const struct ip *ip, unsigned port,
    struct arena *a)
{
	char text[IP_TEXT];

	p->ip = *ip;
	p->ip_text = ip->family == 0 ? SPAN("unknown") :
	    arena_dup(a, span_of(ip_format(ip, text)));
	p->port = ip->family == 0 ? span_make(NULL, 0) : port_text(a, port);
	p->name = p->bracketed = span_make(NULL, 0);
	p->name_known = ip->family == 0;
}

void
peer_replace_local(struct peer *p, const struct ip *ip, unsigned port,
    struct arena *a)
{
	char text[IP_TEXT];

	p->local = *ip;
	p->local_ip_text = arena_dup(a, span_of(ip_format(ip, text)));
	p->local_port = port_text(a, port);
}

bool
peer_is_in(const struct peer *p, const struct control_list *nets)
{
	struct ip_net net;

	for (size_t i = 0; i < nets->n; i++)
		if (ip_net_parse(nets->v[i], &net) == 0 &&
		    ip_net_contains(&net, &p->ip))
			return true;
	return false;
}

void
peer_look_up(struct peer *p, const struct controls *c, struct arena *a)
{
	clock_ms deadline = clock_deadline(c->dnstimeout);
	clock_ms hook = hook_deadline();
	struct buf name = {0};
	struct dns dns;

	p->name_known = true;
	if (p->ip.family == 0)
		return;
	if (hook < deadline)
		deadline = hook;
	if (dns_init(&dns, c->dnsservers.v, c->dnsservers.n) == -1) {
		log_warn("dns", "dnsservers: %s", strerror(errno));
		return;
	}
	if (dns_ptr(&dns, &p->ip, deadline, &name) == 0)
		p->name = arena_dup(a, buf_span(&name));
	else if (errno != ENOENT)
		log_warn("dns", "name of %.*s: %s", SPAN_ARG(p->ip_text),
		    strerror(errno));
	buf_free(&name);
	dns_close(&dns);
}
