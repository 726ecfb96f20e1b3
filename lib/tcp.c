/* tcp: see tcp.h. */
#include "tcp.h"
#include "io.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *const localhost[] = {"127.0.0.1", "::1"};

static clock_ms
nearer(clock_ms a, clock_ms b)
{
	return a < b ? a : b;
}

static bool
has_passed(clock_ms deadline)
{
	return deadline != CLOCK_NEVER && clock_left(deadline) == 0;
}

const char *
tcp_strerror(int error)
{
	switch (error) {
	case ENODATA:
		return "no such host";
	case EBADMSG:
		return "the DNS failed";
	case EINVAL:
		return "not a host, host:port or path";
	default:
		return strerror(error);
	}
}

/* Begins to connect: a descriptor, or -1 and errno. */
static int
begin(const struct sockaddr *sa, socklen_t n)
{
	int fd, one = 1, e;

	fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	if (fd == -1)
		return -1;
	if (sa->sa_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(fd, sa, n) == 0 || errno == EINPROGRESS)
		return fd;
	e = errno;
	close(fd);
	errno = e;
	return -1;
}

static int
begin_unix(struct span path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	memcpy(sa.sun_path, path.p, path.n);
	return begin((struct sockaddr *)&sa, sizeof sa);
}

static int
begin_ip(const struct ip *ip, unsigned port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6};

	if (ip->family == AF_INET) {
		memcpy(&sin.sin_addr, ip->a, 4);
		sin.sin_port = htons((uint16_t)port);
		return begin((struct sockaddr *)&sin, sizeof sin);
	}
	memcpy(&sin6.sin6_addr, ip->a, 16);
	sin6.sin6_port = htons((uint16_t)port);
	return begin((struct sockaddr *)&sin6, sizeof sin6);
}

/* A port of ours that nobody listens on may get us ourselves. */
static bool
is_self(int fd)
{
	struct sockaddr_storage here = {0}, there = {0};
	socklen_t n = sizeof here, m = sizeof there;

	return getsockname(fd, (struct sockaddr *)&here, &n) == 0 &&
	    getpeername(fd, (struct sockaddr *)&there, &m) == 0 && n == m &&
	    here.ss_family != AF_UNIX && memcmp(&here, &there, n) == 0;
}

/* 1: connected; 0: not yet; -1 and errno. */
static int
look(int fd)
{
	struct pollfd p = {fd, POLLOUT, 0};
	int e = 0;
	socklen_t n = sizeof e;

	if (poll(&p, 1, 0) < 1)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &n) == -1)
		return -1;
	if (e == 0 && is_self(fd))
		e = ECONNREFUSED;
	errno = e;
	return e == 0 ? 1 : -1;
}

static void
give_time(struct tcp *t)
{
	t->until = nearer(clock_deadline(t->patience), t->deadline);
}

static bool
is_localhost(struct span name)
{
	return span_ieq(name, SPAN("localhost")) ||
	    span_iends(name, SPAN(".localhost"));
}

static void
ask(struct tcp *t)
{
	static const unsigned types[] = {DNS_A, DNS_AAAA};

	t->asking = true;
	t->error = 0;
	give_time(t);
	for (size_t i = 0; i < 2; i++) {
		t->query[i] = NULL;
		if (dns_query(t->dns, DNS_IN, types[i], t->target.host) == -1)
			t->error = errno == EINVAL ? ENODATA : errno;
		else
			t->query[i] = dns_last(t->dns);
	}
}

/* Goes to the next target; false when there is none. */
static bool
next_host(struct tcp *t)
{
	if (t->following == t->nhosts)
		return false;
	t->host = t->following++;
	t->n = t->next = 0;
	if (target_parse(t->hosts[t->host], &t->target) == -1) {
		t->error = EINVAL;
		return true;
	}
	if (t->target.port == 0)
		t->target.port = t->port;
	if (t->target.path.p != NULL) {
		t->n = 1;
	} else if (t->target.ip.family != 0) {
		t->addresses[t->n++] = t->target.ip;
	} else if (is_localhost(t->target.host)) {
		for (size_t i = 0; i < 2; i++)
			ip_parse(span_of(localhost[i]),
			    &t->addresses[t->n++]);
	} else {
		ask(t);
	}
	return true;
}

/* What went wrong with a name, if something did. */
static int
error_of(const struct dns_answer *a)
{
	switch (a->rcode) {
	case DNS_NOERROR:
	case DNS_NXDOMAIN:
		return ENODATA;
	case DNS_TIMEOUT:
		return ETIMEDOUT;
	case DNS_ERRNO:
		return a->error;
	default:
		return EBADMSG;
	}
}

/* Both answers are there, or time is over: takes the addresses. */
static bool
answered(struct tcp *t)
{
	bool late = has_passed(t->until);

	for (size_t i = 0; i < 2; i++)
		if (t->query[i] != NULL && !t->query[i]->done && !late)
			return false;
	for (size_t i = 0; i < 2; i++) {
		const struct dns_query *q = t->query[i];
		const struct dns_rr *rr;
		size_t at = 0;

		if (q == NULL)
			continue;
		if (!q->done) {
			t->error = ETIMEDOUT;
			continue;
		}
		/* "No such name" is the last thing to believe. */
		if (i == 0 || t->error == 0 || t->error == ENODATA)
			t->error = error_of(&q->answer);
		while (t->n < TCP_ADDRESSES && (rr = dns_find(&q->answer,
			   q->name, q->type, &at)) != NULL)
			if (rr->ip.family != 0)
				t->addresses[t->n++] = rr->ip;
	}
	t->asking = false;
	return true;
}

static void
next_address(struct tcp *t)
{
	const struct ip *ip = &t->addresses[t->next++];

	give_time(t);
	t->fd = t->target.path.p != NULL ? begin_unix(t->target.path) :
					   begin_ip(ip, t->target.port);
	if (t->fd == -1)
		t->error = errno;
}

void
tcp_start(struct tcp *t, struct dns *dns, const struct span *hosts, size_t n,
    unsigned port, int64_t patience, clock_ms deadline)
{
	*t = (struct tcp){.fd = -1, .dns = dns, .hosts = hosts, .nhosts = n,
	    .port = port, .patience = patience, .deadline = deadline,
	    .error = EINVAL};
}

static void
drop(struct tcp *t, int error)
{
	close(t->fd);
	t->fd = -1;
	t->error = error;
}

enum tcp_state
tcp_step(struct tcp *t)
{
	for (;;) {
		int done;

		if (t->fd != -1) {
			if ((done = look(t->fd)) == 1)
				return TCP_READY;
			if (done == 0 && !has_passed(t->until))
				return TCP_WAITS;
			drop(t, done == 0 ? ETIMEDOUT : errno);
		} else if (t->asking) {
			if (!answered(t))
				return TCP_WAITS;
		} else if (has_passed(t->deadline)) {
			t->error = ETIMEDOUT;
			return TCP_FAILED;
		} else if (t->next < t->n) {
			next_address(t);
		} else if (!next_host(t)) {
			return TCP_FAILED;
		}
	}
}

void
tcp_stop(struct tcp *t)
{
	if (t->fd != -1)
		close(t->fd);
	t->fd = -1;
	t->asking = false;
}

int
tcp_connect(struct dns *dns, const struct span *hosts, size_t n,
    unsigned port, int64_t patience, clock_ms deadline, size_t *host)
{
	struct tcp t;
	enum tcp_state state;

	tcp_start(&t, dns, hosts, n, port, patience, deadline);
	while ((state = tcp_step(&t)) == TCP_WAITS) {
		if (t.fd != -1)
			(void)io_wait(t.fd, POLLOUT, t.until);
		else
			(void)dns_wait(dns, true, t.until);
	}
	if (host != NULL)
		*host = t.host;
	if (state == TCP_READY)
		return t.fd;
	errno = t.error;
	return -1;
}
