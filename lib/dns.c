/*
 * dns: see dns.h. c-ares sends, repeats and receives; what it makes of an
 * answer is not used. Each query ends exactly once: by its answer, by an
 * error, or by our deadline, after which c-ares may say what it likes.
 */
#include "dns_question.h"
#include "target.h"
#include <ares.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>

#define FIRST_TRY_MS 1500 /* doubled by each further one */
#define TRIES	     4
#define UDP_SIZE     1232 /* what passes without fragments (DNS flag day) */
#define MEMORY	     (8u << 20) /* of answers; the next one is one too many */

_Static_assert(DNS_FDS == ARES_GETSOCK_MAXNUM, "one place for each socket");

int
dns_init(struct dns *d, const struct span *servers, size_t n)
{
	*d = (struct dns){0};
	d->last = &d->first;
	if (n > DNS_SERVERS) {
		errno = E2BIG;
		return -1;
	}
	for (size_t i = 0; i < n; i++)
		if (target_parse_server(servers[i], 53, &d->server[i].ip,
			&d->server[i].port) == -1) {
			errno = EINVAL;
			return -1;
		}
	d->nservers = n;
	return 0;
}

static int
error_of(int status)
{
	switch (status) {
	case ARES_ENOMEM:
		return ENOMEM;
	case ARES_ECONNREFUSED:
		return ECONNREFUSED;
	case ARES_EBADNAME:
	case ARES_EBADQUERY:
		return EINVAL;
	case ARES_EFILE:
		return EIO;
	default:
		return EBADMSG;
	}
}

static int
use_servers(const struct dns *d, ares_channel channel)
{
	struct ares_addr_port_node node[DNS_SERVERS];

	memset(node, 0, sizeof node);
	for (size_t i = 0; i < d->nservers; i++) {
		const struct ip *ip = &d->server[i].ip;

		node[i].family = ip->family;
		if (ip->family == AF_INET)
			memcpy(&node[i].addr.addr4, ip->a, 4);
		else
			memcpy(&node[i].addr.addr6, ip->a, 16);
		node[i].udp_port = node[i].tcp_port = (int)d->server[i].port;
		node[i].next = i + 1 < d->nservers ? &node[i + 1] : NULL;
	}
	return d->nservers == 0 ? ARES_SUCCESS :
				  ares_set_servers_ports(channel, node);
}

static int
open_channel(struct dns *d)
{
	/* NOCHECKRESP: SERVFAIL and REFUSED are answers, the asker wants to
	 * know. NOSEARCH, NOALIASES: ask what was said. */
	struct ares_options o = {
	    .flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH |
		ARES_FLAG_NOALIASES | ARES_FLAG_EDNS,
	    .timeout = FIRST_TRY_MS,
	    .tries = TRIES,
	    .ednspsz = UDP_SIZE,
	};
	ares_channel channel;
	int status;

	if (d->channel != NULL)
		return 0;
	status = ares_library_init(ARES_LIB_INIT_ALL);
	if (status == ARES_SUCCESS)
		status = ares_init_options(&channel, &o,
		    ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
			ARES_OPT_EDNSPSZ);
	if (status == ARES_SUCCESS &&
	    (status = use_servers(d, channel)) != ARES_SUCCESS)
		ares_destroy(channel);
	if (status != ARES_SUCCESS) {
		errno = error_of(status);
		return -1;
	}
	d->channel = channel;
	return 0;
}

static void
finish(struct dns_query *q, int rcode, int error)
{
	q->answer = (struct dns_answer){.rcode = rcode, .error = error};
	q->done = true;
	q->dns->pending--;
}

/* c-ares' word on a query. It matched the id and the port; that the packet
 * answers this question is for us to see. */
static void
answered(void *arg, int status, int timeouts, unsigned char *p, int n)
{
	struct dns_query *q = arg;
	struct dns_answer *a = &q->answer;
	struct span packet;

	(void)timeouts;
	if (q->done)
		return;
	if (p == NULL || n < 0) {
		if (status == ARES_ETIMEOUT || status == ARES_ECANCELLED)
			finish(q, DNS_TIMEOUT, 0);
		else
			finish(q, DNS_ERRNO, error_of(status));
		return;
	}
	if (q->dns->arena.used > MEMORY) {
		finish(q, DNS_ERRNO, ENOMEM);
		return;
	}
	packet = arena_dup(&q->dns->arena,
	    span_make((const char *)p, (size_t)n));
	/* A server that cannot read our question need not repeat it. */
	if (dns_parse(packet, &q->dns->arena, a) == -1 ||
	    (!a->asked && (a->rcode == DNS_NOERROR ||
			      a->rcode == DNS_NXDOMAIN)) ||
	    (a->asked && (a->type != q->type || a->class != q->class ||
			     !span_ieq(a->name, q->name)))) {
		finish(q, DNS_ERRNO, EBADMSG);
		return;
	}
	q->done = true;
	q->dns->pending--;
}

int
dns_query(struct dns *d, unsigned class, unsigned type, struct span name)
{
	struct dns_query *q;
	struct span full;

	if (d->n >= DNS_QUERIES) {
		errno = E2BIG;
		return -1;
	}
	if (class > 65535 || type > 65535 ||
	    dns_question_name(d, type, name, &full) == -1) {
		errno = EINVAL;
		return -1;
	}
	if (open_channel(d) == -1)
		return -1;
	q = dns_question_add(d, class, type, name, full);
	d->pending++;
	/* May call answered() at once. */
	ares_query(d->channel, arena_cstr(&d->arena, full), (int)class,
	    (int)type, answered, q);
	return 0;
}

/* Ends what is not answered yet. */
static void
give_up(struct dns *d, int rcode, int error)
{
	for (struct dns_query *q = d->first; q != NULL; q = q->next)
		if (!q->done)
			finish(q, rcode, error);
	ares_cancel(d->channel);
}

size_t
dns_poll(struct dns *d, struct pollfd *fds, int *timeout)
{
	ares_socket_t sock[DNS_FDS];
	struct timeval tv, *t;
	unsigned bits;
	size_t n = 0;

	*timeout = -1;
	if (d->channel == NULL)
		return 0;
	bits = (unsigned)ares_getsock(d->channel, sock, DNS_FDS);
	for (unsigned i = 0; i < DNS_FDS; i++) {
		short events = 0;

		/* c-ares' own macros shift into the sign. */
		if ((bits >> i & 1) != 0)
			events |= POLLIN;
		if ((bits >> (i + DNS_FDS) & 1) != 0)
			events |= POLLOUT;
		if (events != 0)
			fds[n++] = (struct pollfd){sock[i], events, 0};
	}
	/* Rounded up: a millisecond too early would spin. */
	if ((t = ares_timeout(d->channel, NULL, &tv)) != NULL)
		*timeout = (int)(t->tv_sec * 1000 + (t->tv_usec + 999) / 1000);
	return n;
}

void
dns_polled(struct dns *d, const struct pollfd *fds, size_t n)
{
	if (d->channel == NULL)
		return;
	/* A refused port shows as POLLERR alone: every socket that says
	 * anything is given to c-ares, as what it was asked about. */
	for (size_t i = 0; i < n; i++)
		if (fds[i].revents != 0)
			ares_process_fd(d->channel,
			    fds[i].events & POLLIN ? fds[i].fd :
						     ARES_SOCKET_BAD,
			    fds[i].events & POLLOUT ? fds[i].fd :
						      ARES_SOCKET_BAD);
	/* Its own time-outs: repeat, next server. */
	ares_process_fd(d->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/* Lets c-ares do what is due, waiting for it up to left milliseconds. */
static int
step(struct dns *d, int left)
{
	struct pollfd fds[DNS_FDS];
	int timeout;
	size_t n = dns_poll(d, fds, &timeout);

	if (timeout == -1 || (left >= 0 && left < timeout))
		timeout = left;
	if (poll(fds, n, timeout) == -1)
		return -1;
	dns_polled(d, fds, n);
	return 0;
}

int
dns_wait(struct dns *d, bool all, clock_ms deadline)
{
	while (d->pending > 0 && (all || !dns_something_new(d))) {
		int left = clock_left(deadline);

		/* Once even when it is late: what has arrived counts. */
		if (step(d, left) == -1) {
			if (errno == EINTR)
				return -1;
			give_up(d, DNS_ERRNO, errno);
		} else if (left == 0) {
			give_up(d, DNS_TIMEOUT, 0);
		}
	}
	return 0;
}

void
dns_reset(struct dns *d)
{
	if (d->pending > 0)
		give_up(d, DNS_TIMEOUT, 0);
	d->first = NULL;
	d->last = &d->first;
	d->n = 0;
	arena_reset(&d->arena);
}

void
dns_close(struct dns *d)
{
	dns_reset(d);
	if (d->channel != NULL) {
		ares_destroy(d->channel);
		ares_library_cleanup();
	}
	d->channel = NULL;
	arena_free(&d->arena);
}

/*
 * c-ares' getnameinfo, which nobody here calls, is linked in with its query;
 * the C library's function below it would bring the whole name service
 * switch into a static program.
 */
int
getservbyport_r(int port, const char *proto, struct servent *entry, char *p,
    size_t n, struct servent **result)
{
	(void)port;
	(void)proto;
	(void)entry;
	(void)p;
	(void)n;
	*result = NULL;
	return ENOENT;
}
