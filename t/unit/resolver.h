/*
 * resolver: a DNS server for tests, on a loopback port of its own, in a child
 * process. What it answers is its zone's; the first label of a name may say
 * otherwise: silent, servfail, refused, nx, loop and liar (malformed), large
 * (cut short over UDP, 500 records over TCP).
 */
#ifndef RESOLVER_H
#define RESOLVER_H

#include "dns.h"
#include "packet.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#define Q 12 /* where a question's name is */

/* The question of a packet as text, and where it ends. */
static size_t
asked(const unsigned char *p, size_t n, struct buf *text)
{
	size_t i = Q;

	buf_reset(text);
	while (i < n && p[i] != 0 && i + 1 + p[i] < n) {
		buf_put(text, span_make((const char *)p + i + 1, p[i]));
		buf_putc(text, '.');
		i += 1u + p[i];
	}
	return i + 5;
}

static void
put_host(struct buf *b, unsigned owner, const char *host)
{
	packet_rr(b, owner, DNS_PTR, 60, (unsigned)strlen(host) + 1);
	packet_name(b, host);
}

static const struct zone {
	const char *name, *ptr[3]; /* or: */
	const char *address[2];
} zone[] = {
    {"1.2.0.192.in-addr.arpa.", {"bad.test.", "Host.TEST."}, {NULL}},
    {"2.2.0.192.in-addr.arpa.", {"other.test."}, {NULL}},
    {"3.2.0.192.in-addr.arpa.", {"a b.test.", "192.0.2.3.", "*.test."},
	{NULL}},
    {"4.2.0.192.in-addr.arpa.", {"servfail.test."}, {NULL}},
    {"5.2.0.192.in-addr.arpa.", {"silent.test."}, {NULL}},
    {"6.2.0.192.in-addr.arpa.", {"servfail.test.", "six.test."}, {NULL}},
    {"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
     "ip6.arpa.", {"host.test."}, {NULL}},
    {"host.test.", {NULL}, {"192.0.2.1", "2001:db8::1"}},
    {"bad.test.", {NULL}, {"203.0.113.1"}},
    {"other.test.", {NULL}, {"192.0.2.99"}},
    {"six.test.", {NULL}, {"192.0.2.6"}},
    {"here.test.", {NULL}, {"127.0.0.1", "::1"}},
};

/* Puts the records the zone has for the question: how many. */
static unsigned
from_zone(struct span question, unsigned type, struct buf *b)
{
	unsigned n = 0;
	struct ip ip;

	for (size_t i = 0; i < sizeof zone / sizeof *zone; i++) {
		if (!span_ieq(question, span_of(zone[i].name)))
			continue;
		for (size_t k = 0; k < 3 && zone[i].ptr[k] != NULL; k++, n++)
			put_host(b, Q, zone[i].ptr[k]);
		for (size_t k = 0; k < 2 && zone[i].address[k] != NULL; k++) {
			ip_parse(span_of(zone[i].address[k]), &ip);
			if ((ip.family == AF_INET) != (type == DNS_A))
				continue;
			packet_rr(b, Q, type, 60, type == DNS_A ? 4 : 16);
			buf_put(b, span_make((char *)ip.a,
				       type == DNS_A ? 4 : 16));
			n++;
		}
	}
	return n;
}

/* Turns a question in p into an answer in b: false for none. */
static bool
respond(const unsigned char *p, size_t n, bool tcp, struct buf *b)
{
	static struct buf text, body;
	struct span rest, label;
	unsigned count, flags = PACKET_QR, rcode = 0;
	size_t end = asked(p, n, &text);

	if (end > n)
		return false;
	buf_reset(b);
	buf_reset(&body);
	count = from_zone(buf_span(&text), p[end - 3], &body);
	rest = buf_span(&text);
	span_cut(&rest, '.', &label);
	if (span_eq(label, SPAN("silent")))
		return false;
	if (span_eq(label, SPAN("servfail")))
		rcode = DNS_SERVFAIL;
	if (span_eq(label, SPAN("refused")))
		rcode = DNS_REFUSED;
	if (span_eq(label, SPAN("nx")))
		rcode = DNS_NXDOMAIN;
	if (span_eq(label, SPAN("loop"))) {
		packet_rr(&body, Q, DNS_PTR, 0, 2);
		packet_pointer(&body, Q + 21 + (unsigned)body.n);
		count = 1;
	}
	if (span_eq(label, SPAN("liar")))
		count = 9;
	if (span_eq(label, SPAN("large")))
		flags |= tcp ? 0 : PACKET_TC;
	if (span_eq(label, SPAN("large")) && tcp)
		for (; count < 500; count++) {
			packet_rr(&body, Q, DNS_A, 0, 4);
			packet_32(&body, 0xc0000200 + count);
		}
	packet_header(b, (unsigned)p[0] << 8 | p[1], flags | rcode, 1, count,
	    0, 0);
	buf_put(b, span_make((const char *)p + Q, end - Q));
	buf_put(b, buf_span(&body));
	return true;
}

static void
serve_tcp(int listener)
{
	unsigned char p[2048];
	struct buf b = {0};
	char prefix[2];
	int fd = accept(listener, NULL, NULL);
	ssize_t n = recv(fd, p, 2, MSG_WAITALL);

	if (n == 2)
		n = recv(fd, p, (size_t)p[0] << 8 | p[1], MSG_WAITALL);
	if (n > Q && respond(p, (size_t)n, true, &b)) {
		prefix[0] = (char)(b.n >> 8);
		prefix[1] = (char)b.n;
		send(fd, prefix, 2, MSG_NOSIGNAL | MSG_MORE);
		send(fd, b.p, b.n, MSG_NOSIGNAL);
	}
	buf_free(&b);
	close(fd);
}

static _Noreturn void
serve(int udp, int tcp)
{
	struct pollfd fds[2] = {{udp, POLLIN, 0}, {tcp, POLLIN, 0}};
	unsigned char p[2048];
	struct buf b = {0};

	while (poll(fds, 2, 60000) > 0) {
		struct sockaddr_in from;
		socklen_t size = sizeof from;
		ssize_t n;

		if (fds[1].revents != 0)
			serve_tcp(tcp);
		if (fds[0].revents == 0)
			continue;
		n = recvfrom(udp, p, sizeof p, 0, (struct sockaddr *)&from,
		    &size);
		if (n > Q && respond(p, (size_t)n, false, &b))
			sendto(udp, b.p, b.n, 0, (struct sockaddr *)&from,
			    size);
	}
	_exit(0);
}

/* A free port for both transports; the sockets are open. */
static unsigned
listen_both(int *udp, int *tcp)
{
	for (int try = 0; try < 100; try++) {
		struct sockaddr_in in = {.sin_family = AF_INET};
		socklen_t size = sizeof in;

		in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		*tcp = socket(AF_INET, SOCK_STREAM, 0);
		*udp = socket(AF_INET, SOCK_DGRAM, 0);
		if (bind(*tcp, (struct sockaddr *)&in, sizeof in) == 0 &&
		    getsockname(*tcp, (struct sockaddr *)&in, &size) == 0 &&
		    listen(*tcp, 5) == 0 &&
		    bind(*udp, (struct sockaddr *)&in, sizeof in) == 0)
			return ntohs(in.sin_port);
		close(*tcp);
		close(*udp);
	}
	return 0;
}

/* Starts it: its pid, and its port; -1 when it cannot be. */
static pid_t
resolver_start(unsigned *port)
{
	int udp, tcp;
	pid_t pid;

	if ((*port = listen_both(&udp, &tcp)) == 0)
		return -1;
	if ((pid = fork()) == 0)
		serve(udp, tcp);
	close(udp);
	close(tcp);
	return pid;
}

#endif
