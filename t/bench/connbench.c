/*
 * connbench PORT N PARALLEL: N connections to 127.0.0.1, each one connect,
 * read the banner, QUIT, read the 221. Exit 0 when all of them went well.
 *
 * connbench PORT N idle: opens N connections, says EHLO on each, prints
 * "ready HOW-MANY" and holds them until its standard input ends.
 *
 * connbench PORT N PARALLEL data SIZE: N messages of SIZE octets, one in each
 * connection; connbench PORT N PARALLEL bdat SIZE CHUNK: in chunks of CHUNK
 * octets (RFC 3030), one after the other.
 *
 * connbench PORT N PARALLEL rcpts SIZE RECIPIENTS DOMAINS: N messages to so
 * many recipients, dealt out to so many domains below example.com.
 *
 * connbench PORT N PARALLEL refused: N connections that get no banner: each
 * reads until the server closes.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in server;

static int
dial(void)
{
	struct timeval patience = {10, 0};
	int on = 1;
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (s < 0)
		return -1;
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (connect(s, (struct sockaddr *)&server, sizeof server) != 0) {
		close(s);
		return -1;
	}
	return s;
}

/* Reads one reply, however many lines; does it begin with code? */
static bool
expect(int s, const char *code)
{
	char b[8192];
	size_t n = 0;

	while (n < sizeof b - 1) {
		ssize_t r = read(s, b + n, sizeof b - 1 - n);
		char *last;

		if (r <= 0)
			return false;
		n += (size_t)r;
		b[n] = '\0';
		if (b[n - 1] != '\n')
			continue;
		last = b + n - 1;
		while (last > b && last[-1] != '\n')
			last--;
		if (strlen(last) > 3 && last[3] != '-')
			return strncmp(last, code, 3) == 0;
	}
	return false;
}

static bool
tell(int s, const char *line)
{
	size_t n = strlen(line);

	return write(s, line, n) == (ssize_t)n;
}

static int
hold(int n)
{
	int ready = 0;
	char c;

	for (int i = 0; i < n; i++) {
		int s = dial();

		if (s >= 0 && expect(s, "220") &&
		    tell(s, "EHLO bench.invalid\r\n") && expect(s, "250"))
			ready++;
	}
	printf("ready %d\n", ready);
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		continue;
	return ready == n ? 0 : 1;
}

static size_t size, chunk; /* chunk 0: by DATA */
static size_t rcpts, domains; /* rcpts 0: one */

/* Lines of 78 octets, the last one whole. */
static char *
make_message(void)
{
	char *p = malloc(size + 1);

	if (p == NULL)
		exit(111);
	memset(p, 'x', size);
	for (size_t i = 78; i < size; i += 80)
		memcpy(p + i - (i + 2 > size), "\r\n", 2);
	memcpy(p + size - 2, "\r\n", 2);
	return p;
}

static bool
pour(int s, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t r = write(s, p, n);

		if (r <= 0)
			return false;
		p += r;
		n -= (size_t)r;
	}
	return true;
}

static bool
pour_chunks(int s, const char *p)
{
	char line[64];

	for (size_t at = 0; at < size; at += chunk) {
		size_t n = size - at < chunk ? size - at : chunk;

		snprintf(line, sizeof line, "BDAT %zu%s\r\n", n,
		    at + n == size ? " LAST" : "");
		if (!tell(s, line) || !pour(s, p + at, n) || !expect(s, "250"))
			return false;
	}
	return true;
}

/* All of them at once (RFC 2920), and then their replies, each of one line. */
static bool
name_rcpts(int s)
{
	static char text[65536], b[65536];
	size_t n = 0, lines = 0;

	for (size_t i = 0; i < rcpts && n < sizeof text - 80; i++)
		n += (size_t)snprintf(text + n, sizeof text - n,
		    "RCPT TO:<r%zu@d%zu.example.com>\r\n", i, i % domains);
	if (!pour(s, text, n))
		return false;
	while (lines < rcpts) {
		ssize_t r = read(s, b, sizeof b);

		if (r <= 0 || b[0] == '4' || b[0] == '5')
			return false;
		for (ssize_t i = 0; i < r; i++)
			lines += b[i] == '\n';
	}
	return lines == rcpts;
}

static bool
deliver(int s)
{
	static char *message;

	if (message == NULL)
		message = make_message();
	if (!tell(s, "EHLO bench.invalid\r\n") || !expect(s, "250") ||
	    !tell(s, "MAIL FROM:<s@example.net>\r\n") || !expect(s, "250") ||
	    !(rcpts > 0 ? name_rcpts(s) :
		tell(s, "RCPT TO:<r@example.com>\r\n") && expect(s, "250")))
		return false;
	if (chunk > 0)
		return pour_chunks(s, message);
	return tell(s, "DATA\r\n") && expect(s, "354") &&
	    pour(s, message, size) && tell(s, ".\r\n") && expect(s, "250");
}

static bool wants_refusal;

/* No banner: a refusal or nothing, and then the end. */
static bool
is_refused(int s)
{
	char b[512];
	ssize_t r = read(s, b, sizeof b);

	if (r > 0 && strncmp(b, "220", 3) == 0)
		return false;
	while (r > 0)
		r = read(s, b, sizeof b);
	return r == 0;
}

static bool
is_served(int s)
{
	return expect(s, "220") && (size == 0 || deliver(s)) &&
	    tell(s, "QUIT\r\n") && expect(s, "221");
}

static void
knock(int from, int n, int step, int *failures)
{
	for (int i = from; i < n; i += step) {
		int s = dial();

		if (s < 0 || !(wants_refusal ? is_refused(s) : is_served(s)))
			__atomic_add_fetch(failures, 1, __ATOMIC_RELAXED);
		if (s >= 0)
			close(s);
	}
}

int
main(int argc, char **argv)
{
	int n, parallel;
	int *failures;

	wants_refusal = argc == 5 && strcmp(argv[4], "refused") == 0;
	if (argc < 4 || (argc == 5 && !wants_refusal) || argc > 8) {
		fputs("usage: connbench PORT N PARALLEL|idle [refused|data SIZE|"
		    "bdat SIZE CHUNK|rcpts SIZE RECIPIENTS DOMAINS]\n",
		    stderr);
		return 100;
	}
	if (argc > 5)
		size = strtoul(argv[5], NULL, 10);
	if (argc == 7)
		chunk = strtoul(argv[6], NULL, 10);
	if (argc == 8) {
		rcpts = strtoul(argv[6], NULL, 10);
		domains = strtoul(argv[7], NULL, 10);
	}
	server.sin_family = AF_INET;
	server.sin_port = htons((in_port_t)strtol(argv[1], NULL, 10));
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	n = (int)strtol(argv[2], NULL, 10);
	if (strcmp(argv[3], "idle") == 0)
		return hold(n);
	parallel = (int)strtol(argv[3], NULL, 10);
	failures = mmap(NULL, sizeof *failures, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (failures == MAP_FAILED)
		return 111;
	for (int i = 0; i < parallel; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			knock(i, n, parallel, failures);
			_exit(0);
		}
		if (pid < 0)
			return 111;
	}
	while (wait(NULL) > 0)
		continue;
	if (*failures != 0)
		fprintf(stderr, "connbench: %d of %d failed\n", *failures, n);
	return *failures != 0;
}
