/*
 * smtpclient_server: a server that does what a script says, in a child
 * process, on a loopback port of its own. A script is lines:
 *
 *	>text	sends it and CRLF
 *	]text	sends it as it is; \r, \n, \0 and \\ are escapes
 *	<	reads a line
 *	.	reads lines up to and including "."
 *	,N	reads N lines
 *	*N text	sends it and CRLF N times
 *	+N	from now on sends N octets at a time (0: all at once)
 *	!	closes with a reset
 *	=	neither reads nor closes
 *	#	reads without keeping it
 *	~	waits until the client closes
 *
 * At its end it closes. What the client said is kept for server_said().
 */
#ifndef SMTPCLIENT_SERVER_H
#define SMTPCLIENT_SERVER_H

#include "buf.h"
#include "file.h"
#include "tap.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct server {
	pid_t pid;
	int said; /* memory that both see */
	char text[24];
};

struct serving {
	int listener, fd, said;
	FILE *in;
	int step;
};

static inline void
server_accept(struct serving *s)
{
	int one = 1;

	s->fd = accept(s->listener, NULL, NULL);
	if (s->fd == -1)
		_exit(1);
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	s->in = fdopen(s->fd, "r");
}

static inline void
server_send(struct serving *s, struct span t)
{
	while (t.n > 0) {
		size_t n = s->step > 0 && (size_t)s->step < t.n ?
		    (size_t)s->step : t.n;
		ssize_t w = send(s->fd, t.p, n, MSG_NOSIGNAL);

		if (w <= 0)
			return;
		t = span_skip(t, (size_t)w);
		if (s->step > 0)
			usleep(100); /* a segment of its own */
	}
}

static inline void
server_line(struct serving *s, struct span text, bool escapes)
{
	struct buf b = {0};

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (escapes && c == '\\' && i + 1 < text.n) {
			c = text.p[++i];
			c = c == 'r' ? '\r' : c == 'n' ? '\n' :
			    c == '0' ? '\0' : c;
		}
		buf_putc(&b, c);
	}
	if (!escapes)
		buf_puts(&b, "\r\n");
	server_send(s, buf_span(&b));
	buf_free(&b);
}

/* One line of the client's; false at its end. */
static inline bool
server_read(struct serving *s, bool *dot)
{
	static char *line;
	static size_t cap;
	ssize_t n = getline(&line, &cap, s->in);

	if (n <= 0)
		return false;
	(void)!write(s->said, line, (size_t)n);
	*dot = n == 3 && memcmp(line, ".\r\n", 3) == 0;
	return true;
}

static inline void
server_step(struct serving *s, struct span line)
{
	static char sink[65536];
	struct linger hard = {1, 0};
	struct span arg = span_skip(line, 1);
	int n = (int)strtol(arg.p, NULL, 10);
	bool dot;

	switch (line.p[0]) {
	case '>':
	case ']':
		server_line(s, arg, line.p[0] == ']');
		break;
	case '<':
		(void)server_read(s, &dot);
		break;
	case '.':
		while (server_read(s, &dot) && !dot)
			;
		break;
	case ',':
		while (n-- > 0 && server_read(s, &dot))
			;
		break;
	case '*':
		arg = span_skip(arg, span_chr(arg, ' ') + 1);
		while (n-- > 0)
			server_line(s, arg, false);
		break;
	case '+':
		s->step = n;
		break;
	case '!':
		setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
		_exit(0);
	case '#':
		while (recv(s->fd, sink, sizeof sink, 0) > 0)
			;
		break;
	case '=':
		for (;;)
			pause();
	case '~':
		while (server_read(s, &dot))
			;
		break;
	default:
		_exit(2);
	}
}

static inline void
server_run(struct serving *s, const char *script)
{
	struct span rest = span_of(script), line;

	server_accept(s);
	while (span_cut(&rest, '\n', &line))
		if (line.n > 0)
			server_step(s, line);
	shutdown(s->fd, SHUT_WR);
	_exit(0);
}

/* Its place is in srv->text, "127.0.0.1:PORT". */
static inline void
server_start(struct server *srv, const char *script)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t n = sizeof sin;
	struct serving s = {.fd = -1};

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	s.said = srv->said = memfd_create("said", MFD_CLOEXEC);
	if (s.listener == -1 || s.said == -1 ||
	    bind(s.listener, (struct sockaddr *)&sin, n) == -1 ||
	    listen(s.listener, 5) == -1 ||
	    getsockname(s.listener, (struct sockaddr *)&sin, &n) == -1)
		abort();
	snprintf(srv->text, sizeof srv->text, "127.0.0.1:%d",
	    ntohs(sin.sin_port));
	srv->pid = fork();
	if (srv->pid == 0)
		server_run(&s, script);
	close(s.listener);
}

static inline void
server_kill(struct server *srv)
{
	kill(srv->pid, SIGKILL);
	waitpid(srv->pid, NULL, 0);
	close(srv->said);
}

/* Waits for its end; what the client said, until the next call. */
static inline struct span
server_said(struct server *srv)
{
	static struct buf said;
	struct stat st;
	int status;

	waitpid(srv->pid, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		ok(false, "the server's script ran");
	buf_reset(&said);
	if (fstat(srv->said, &st) == 0 &&
	    file_pread_all(srv->said, buf_reserve(&said, (size_t)st.st_size + 1),
		(size_t)st.st_size, 0) == 0)
		said.n = (size_t)st.st_size;
	close(srv->said);
	return buf_span(&said);
}

#endif
