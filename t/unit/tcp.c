/* Connections: what a target is, names, several addresses, deadlines. */
#include "tcp.h"
#include "resolver.h"
#include "tap.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/un.h>
#include <sys/wait.h>

static struct dns dns;

static void
parse(void)
{
	static const struct {
		const char *text, *host;
		unsigned port;
		int family;
	} good[] = {
	    {"192.0.2.1", "192.0.2.1", 0, AF_INET},
	    {"192.0.2.1:25", "192.0.2.1", 25, AF_INET},
	    {"[192.0.2.1]:65535", "192.0.2.1", 65535, AF_INET},
	    {"2001:db8::1", "2001:db8::1", 0, AF_INET6},
	    {"[2001:db8::1]", "2001:db8::1", 0, AF_INET6},
	    {"[2001:db8::1]:587", "2001:db8::1", 587, AF_INET6},
	    {"mx.example.org", "mx.example.org", 0, 0},
	    {"mx.example.org.:25", "mx.example.org", 25, 0},
	    {"my_host-1:25", "my_host-1", 25, 0},
	};
	static const struct span bad[] = {SPAN_LIT(""), SPAN_LIT(":25"),
	    SPAN_LIT("a:"), SPAN_LIT("a:0"), SPAN_LIT("a:65536"),
	    SPAN_LIT("a:25x"), SPAN_LIT("a b"), SPAN_LIT("a..b"),
	    SPAN_LIT(".a"), SPAN_LIT("."), SPAN_LIT("[a]:25"),
	    SPAN_LIT("[192.0.2.1"), SPAN_LIT("[192.0.2.1]25"),
	    SPAN_LIT("[]"), SPAN_LIT("a\0b"), SPAN_LIT("a\r\n"),
	    SPAN_LIT("/run/a\0b"), SPAN_LIT("192.0.2.1:"),
	    SPAN_LIT("a:25:25")};
	struct target t;
	char longest[200];

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		is_int(target_parse(span_of(good[i].text), &t), 0, good[i].text);
		is_span(t.host, span_of(good[i].host), "... host");
		is_int(t.port, good[i].port, "... port");
		is_int(t.ip.family, good[i].family, "... family");
		ok(t.path.p == NULL, "... no path");
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		is_int(target_parse(bad[i], &t), -1, "no target");
	is_int(target_parse(SPAN("/run/a.sock"), &t), 0, "a path");
	is_span(t.path, SPAN("/run/a.sock"), "which it is");
	memset(longest, '/', sizeof longest);
	is_int(target_parse(span_make(longest, 107), &t), 0, "a long path");
	is_int(target_parse(span_make(longest, 108), &t), -1, "too long a path");
}

static int
listen_on(const char *address, unsigned *port)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t n = sizeof in;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, address, &in.sin_addr);
	in.sin_port = htons((uint16_t)*port);
	if (bind(fd, (struct sockaddr *)&in, n) == -1 ||
	    listen(fd, 50) == -1 ||
	    getsockname(fd, (struct sockaddr *)&in, &n) == -1)
		abort();
	*port = ntohs(in.sin_port);
	return fd;
}

/* Connects to targets, a list divided by blanks: 0 and which, or errno. */
static int
try(const char *targets, unsigned port, size_t *which)
{
	struct span hosts[8], rest = span_of(targets);
	size_t n = 0;
	int fd;

	while (n < 8 && span_word(&rest, &hosts[n]))
		n++;
	fd = tcp_connect(&dns, hosts, n, port, 400, clock_deadline(5000),
	    which);
	dns_reset(&dns);
	if (fd == -1)
		return errno;
	ok((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0 &&
	    (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0, "its flags");
	close(fd);
	return 0;
}

static void
connecting(void)
{
	unsigned port = 0;
	int fd = listen_on("127.0.0.1", &port);
	size_t which;
	char list[200];

	is_int(try("127.0.0.1", port, &which), 0, "an address");
	is_int(try("[127.0.0.1]", port, &which), 0, "in brackets");
	snprintf(list, sizeof list, "127.0.0.1:%u", port);
	is_int(try(list, 1, &which), 0, "with its port");
	is_int(try("localhost", port, &which), 0, "localhost, not asked for");
	is_int(try("a.localhost.", port, &which), 0, "what is below it");
	is_int(try("here.test", port, &which), 0, "a name");
	is_int(try("HERE.test.", port, &which), 0, "in any case");
	is_int(try("nx.test", port, &which), ENODATA, "no such name");
	is_int(try("servfail.test", port, &which), EBADMSG, "servfail");
	is_int(try("silent.test", port, &which), ETIMEDOUT, "silent");
	is_int(try("a..b", port, &which), EINVAL, "no name at all");
	is_int(try("127.0.0.1", 1, &which), ECONNREFUSED, "refused");
	is_int(try("", port, &which), EINVAL, "nobody");
	is_int(try("127.0.0.1:1 nx.test a..b silent.test here.test", port,
		   &which), 0, "the fifth");
	is_size(which, 4, "is it");
	is_int(try("nx.test 127.0.0.1:1", port, &which), ECONNREFUSED,
	    "the last error");
	close(fd);
	is_str(tcp_strerror(ENODATA), "no such host", "in words");
	is_str(tcp_strerror(ECONNREFUSED), strerror(ECONNREFUSED), "too");
}

/* A backlog that is full answers nobody. */
static void
slow(void)
{
	unsigned port = 0;
	int fd = listen_on("127.0.0.1", &port), filler[64];
	struct span host;
	char text[40];
	size_t n;

	is_int(listen(fd, 0), 0, "a short backlog");
	snprintf(text, sizeof text, "127.0.0.1:%u", port);
	host = span_of(text);
	for (n = 0; n < 64; n++)
		if ((filler[n] = tcp_connect(&dns, &host, 1, 0, 200,
			 CLOCK_NEVER, NULL)) == -1)
			break;
	ok(n < 64, "is full at last");
	is_int(errno, ETIMEDOUT, "patience ends");
	is_int(tcp_connect(&dns, &host, 1, 0, 0, clock_deadline(100), NULL),
	    -1, "and so");
	is_int(errno, ETIMEDOUT, "does the deadline");
	is_int(tcp_connect(&dns, &host, 1, 0, 0, clock_mono(), NULL), -1,
	    "one that has passed");
	is_int(errno, ETIMEDOUT, "at once");
	while (n-- > 0)
		close(filler[n]);
	close(fd);
}

static void
local(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char dir[] = "/tmp/smtpe-test.XXXXXX";
	size_t which;

	if (mkdtemp(dir) == NULL)
		abort();
	snprintf(un.sun_path, sizeof un.sun_path, "%s/s", dir);
	is_int(try(un.sun_path, 0, &which), ENOENT, "no such socket");
	if (bind(fd, (struct sockaddr *)&un, sizeof un) == -1)
		abort();
	is_int(try(un.sun_path, 0, &which), ECONNREFUSED, "nobody listens");
	listen(fd, 5);
	is_int(try(un.sun_path, 0, &which), 0, "somebody does");
	close(fd);
	unlink(un.sun_path);
	rmdir(dir);
}

/* In steps, so that others can go on meanwhile. */
static void
steps(void)
{
	unsigned port = 0;
	int fd = listen_on("127.0.0.1", &port), timeout;
	struct span host = SPAN("here.test");
	struct pollfd fds[DNS_FDS];
	struct tcp t;
	size_t n;

	tcp_start(&t, &dns, &host, 1, port, 5000, CLOCK_NEVER);
	is_int(tcp_step(&t), TCP_WAITS, "waits");
	is_int(t.fd, -1, "for the DNS");
	while (tcp_step(&t) == TCP_WAITS && t.fd == -1) {
		n = dns_poll(&dns, fds, &timeout);
		ok(n > 0 && timeout >= 0, "something to wait for");
		poll(fds, n, timeout);
		dns_polled(&dns, fds, n);
	}
	ok(t.fd != -1, "then for the connection");
	while (tcp_step(&t) == TCP_WAITS)
		poll(&(struct pollfd){t.fd, POLLOUT, 0}, 1, 1000);
	is_int(tcp_step(&t), TCP_READY, "ready");
	tcp_stop(&t);
	is_int(t.fd, -1, "stopped");
	dns_reset(&dns);
	close(fd);
}

int
main(void)
{
	char server[40];
	struct span s;
	unsigned port;
	pid_t pid = resolver_start(&port);

	if (pid == -1)
		return EXIT_FAILURE;
	alarm(60);
	snprintf(server, sizeof server, "127.0.0.1:%u", port);
	s = span_of(server);
	is_int(dns_init(&dns, &s, 1), 0, "a resolver");
	parse();
	connecting();
	slow();
	local();
	steps();
	dns_close(&dns);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return done_testing();
}
