/* connect_proxy: reading a PROXY header from the client's descriptor, before
 * anybody else reads from it (connect.h). */
#include "connect.h"
#include "log.h"
#include "peer.h"
#include "proxy.h"
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Waits for up to n octets and takes them: how many; 0 at the end of input,
 * -1 and errno. */
static ssize_t
take(int fd, char *p, size_t n, clock_ms deadline)
{
	ssize_t r;

	do {
		if (io_wait(fd, POLLIN, deadline) == -1)
			return -1;
		r = read(fd, p, n);
	} while (r == -1 && (errno == EINTR || errno == EAGAIN));
	return r;
}

/* How many of the next octets are surely the header's: a line is looked at in
 * the socket, so that not each octet of it costs two calls. */
static size_t
sure(int fd, struct span head, const struct proxy *p, clock_ms deadline)
{
	char ahead[PROXY_HEAD];
	size_t least = p->length - head.n;
	ssize_t n;

	if (!proxy_is_line(head) || io_wait(fd, POLLIN, deadline) == -1)
		return least;
	n = recv(fd, ahead, sizeof ahead - head.n, MSG_PEEK | MSG_DONTWAIT);
	if (n <= 0 || proxy_line_part(span_make(ahead, (size_t)n)) < least)
		return least;
	return proxy_line_part(span_make(ahead, (size_t)n));
}

/* What a version 2 header has behind the addresses. */
static ssize_t
skip(int fd, size_t n, clock_ms deadline)
{
	char unused[512];
	ssize_t r = 1;

	while (n > 0 && r > 0) {
		r = take(fd, unused, n < sizeof unused ? n : sizeof unused,
		    deadline);
		if (r > 0)
			n -= (size_t)r;
	}
	return r;
}

static bool
give_up(const struct session *s, const char *why)
{
	struct log l;

	log_open(&l, "proxy");
	log_span(&l, "ip", s->peer.ip_text);
	log_str(&l, "text", why);
	log_send(&l);
	return false;
}

/* What ended the reading before the header did. */
static bool
lost(const struct session *s, ssize_t r, size_t seen)
{
	if (r == -1 && errno == ETIMEDOUT)
		return give_up(s, "the PROXY header did not come in time");
	if (r == -1)
		return give_up(s, strerror(errno));
	/* Somebody looked whether we are there: nothing to tell. */
	return seen == 0 ? false : give_up(s, "half a PROXY header");
}

static bool
read_header(struct session *s, struct proxy *p)
{
	clock_ms deadline = clock_deadline(s->controls.proxytimeout);
	int fd = s->io.rfd;
	char head[PROXY_HEAD];
	const char *why = NULL;
	enum proxy_status status;
	size_t n = 0;
	ssize_t r;

	while ((status = proxy_parse(span_make(head, n), p, &why)) ==
	    PROXY_MORE) {
		size_t more = sure(fd, span_make(head, n), p, deadline);

		r = take(fd, head + n, more, deadline);
		if (r <= 0)
			return lost(s, r, n);
		n += (size_t)r;
	}
	if (status == PROXY_BAD)
		return give_up(s, arena_printf(&s->arena,
		    "bad PROXY header: %s", why).p);
	if (p->length > n && (r = skip(fd, p->length - n, deadline)) <= 0)
		return lost(s, r, n);
	return true;
}

bool
connect_proxy(struct session *s)
{
	struct proxy p;

	if (s->controls.proxyhosts.n == 0 ||
	    !peer_is_in(&s->peer, &s->controls.proxyhosts))
		return true;
	if (!read_header(s, &p))
		return false;
	if (p.what == PROXY_UNKNOWN)
		return give_up(s, "the proxy does not know its client");
	/* Its own connection, and its own settings. */
	if (p.what == PROXY_LOCAL)
		return s->controls.proxylocal;
	peer_replace(&s->peer, &p.ip, p.port, &s->arena);
	if (p.local.family != 0)
		peer_replace_local(&s->peer, &p.local, p.local_port,
		    &s->arena);
	/* The launcher's word was about the proxy. */
	s->launcher_relays = false;
	s->relay_suffix = span_of(NULL);
	session_settings_changed(s);
	return true;
}
