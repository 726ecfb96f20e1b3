/* amqp_dial: see amqp_dial.h. */
#include "amqp_dial.h"
#include "io.h"
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* connect(2) until the deadline: 0, or -1 and errno. */
static int
connect_until(int fd, const struct addrinfo *to, clock_ms deadline)
{
	socklen_t n = sizeof(int);
	int e = 0;

	if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS || io_wait(fd, POLLOUT, deadline) == -1)
		return -1;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &n) == -1)
		return -1;
	errno = e;
	return e == 0 ? 0 : -1;
}

static int
dial_one(const struct addrinfo *to, clock_ms deadline)
{
	int on = 1, e;
	int fd = socket(to->ai_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);

	if (fd == -1)
		return -1;
	/* Frames of one message must not wait for each other's ACKs. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (connect_until(fd, to, deadline) == 0)
		return fd;
	e = errno;
	close(fd);
	errno = e;
	return -1;
}

int
amqp_dial(const char *host, uint16_t port, clock_ms deadline, const char **why)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list;
	char service[8];
	int fd = -1, r;

	snprintf(service, sizeof service, "%u", port);
	r = getaddrinfo(host, service, &hints, &list);
	if (r != 0) {
		*why = r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r);
		return -1;
	}
	errno = ENOENT;
	for (struct addrinfo *to = list; to != NULL && fd == -1;
	    to = to->ai_next)
		fd = dial_one(to, deadline);
	if (fd == -1)
		*why = strerror(errno);
	freeaddrinfo(list);
	return fd;
}
