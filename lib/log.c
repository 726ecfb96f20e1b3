/* log: see log.h. */
#include "log.h"
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define FULL_MS 1000

static const char *program = "smtpe";
static int fd = 2;
static enum { TO_FD, TO_SYSLOG, TO_NOBODY } to = TO_FD;

/* Is fd 2 a socket that a client would read our log from? */
static bool
stderr_is_client(int client_fd)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof sa;
	struct stat err, client;

	if (fstat(2, &err) == -1 || !S_ISSOCK(err.st_mode))
		return false;
	if (client_fd >= 0 && fstat(client_fd, &client) == 0 &&
	    err.st_dev == client.st_dev && err.st_ino == client.st_ino)
		return true;
	/* A unix socket is journald's stream, an internet one never is. */
	return getsockname(2, (struct sockaddr *)&sa, &len) == 0 &&
	    (sa.ss_family == AF_INET || sa.ss_family == AF_INET6);
}

int
log_init(const char *name, const char *where, int client_fd)
{
	program = name;
	if (strcmp(where, "auto") == 0)
		where = stderr_is_client(client_fd) ? "syslog" : "stderr";
	if (strcmp(where, "stderr") == 0) {
		to = TO_FD;
	} else if (strcmp(where, "syslog") == 0) {
		to = TO_SYSLOG;
		openlog(program, LOG_PID, LOG_MAIL);
	} else if (strcmp(where, "none") == 0) {
		to = TO_NOBODY;
	} else {
		return -1;
	}
	return 0;
}

void
log_reopen(void)
{
	if (to == TO_SYSLOG)
		openlog(program, LOG_PID, LOG_MAIL);
}

void
log_set_fd(int new_fd)
{
	fd = new_fd;
}

/* Numbers without printf, which touches half a dozen pages. */
static struct span
decimal(uint64_t v, char digits[20])
{
	size_t i = 20;

	do
		digits[--i] = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	return span_make(digits + i, 20 - i);
}

/* The line's beginning: our own words, which need no quotes. */
static void
put(struct log *l, struct span s)
{
	s = span_head(s, 64);
	memcpy(l->text + l->n, s.p, s.n);
	l->n += s.n;
}

void
log_open_at(struct log *l, int level, const char *event)
{
	char digits[20];

	l->level = level;
	l->n = 0;
	put(l, span_of(program));
	put(l, SPAN("["));
	put(l, decimal((uint64_t)getpid(), digits));
	put(l, SPAN("] event="));
	put(l, span_of(event));
}

void
log_open(struct log *l, const char *event)
{
	log_open_at(l, LOG_INFO, event);
}

static bool
needs_quotes(struct span v)
{
	if (v.n == 0)
		return true;
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] <= ' ' || v.p[i] == '"' || v.p[i] == '=' ||
		    v.p[i] == '\\' || v.p[i] == 0x7f)
			return true;
	return false;
}

/* One octet of a quoted value; 8-bit ones are escaped, terminals bite. */
static size_t
escape(char *to_p, char c)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char u = (unsigned char)c;

	if (c == '"' || c == '\\') {
		to_p[0] = '\\';
		to_p[1] = c;
		return 2;
	}
	if (u >= ' ' && u < 0x7f) {
		to_p[0] = c;
		return 1;
	}
	to_p[0] = '\\';
	if (c == '\n' || c == '\r' || c == '\t') {
		to_p[1] = c == '\n' ? 'n' : c == '\r' ? 'r' : 't';
		return 2;
	}
	to_p[1] = 'x';
	to_p[2] = hex[u >> 4];
	to_p[3] = hex[u & 15];
	return 4;
}

void
log_span(struct log *l, const char *key, struct span v)
{
	/* Room that stays free: the closing quote, "..." and the newline. */
	size_t end = sizeof l->text - 16, k = strlen(key);
	bool quote = needs_quotes(v);

	if (l->n + k + 8 > end)
		return;
	l->text[l->n++] = ' ';
	memcpy(l->text + l->n, key, k);
	l->n += k;
	l->text[l->n++] = '=';
	if (quote)
		l->text[l->n++] = '"';
	for (size_t i = 0; i < v.n; i++) {
		if (l->n + 4 > end) {
			memcpy(l->text + l->n, "...", 3);
			l->n += 3;
			break;
		}
		l->n += escape(l->text + l->n, v.p[i]);
	}
	if (quote)
		l->text[l->n++] = '"';
}

void
log_str(struct log *l, const char *key, const char *value)
{
	log_span(l, key, span_of(value));
}

void
log_num(struct log *l, const char *key, int64_t value)
{
	char text[21];
	struct span s = decimal(value < 0 ? 0 - (uint64_t)value :
	    (uint64_t)value, text + 1);
	char *p = text + 21 - s.n;

	if (value < 0)
		*--p = '-';
	log_span(l, key, span_make(p, (size_t)(text + 21 - p)));
}

void
log_printf(struct log *l, const char *key, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof text)
		n = sizeof text - 1;
	log_span(l, key, span_make(text, (size_t)n));
}

/*
 * A log that nobody reads must not stop the mail: a pipe that stays full for
 * a second costs the line. A pipe that can be written to has room for one.
 */
static bool
can_write(void)
{
	static int is_pipe = -1;
	struct pollfd p = {fd, POLLOUT, 0};
	struct stat st;

	if (is_pipe == -1)
		is_pipe = fstat(fd, &st) == 0 &&
		    (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
	return !is_pipe || poll(&p, 1, FULL_MS) > 0;
}

void
log_send(struct log *l)
{
	int e = errno;

	if (to == TO_SYSLOG) {
		const char *event = memchr(l->text, ' ', l->n);

		syslog(l->level, "%.*s",
		    (int)(l->text + l->n - (event ? event + 1 : l->text)),
		    event ? event + 1 : l->text);
	} else if (to == TO_FD) {
		l->text[l->n++] = '\n';
		while (can_write() && write(fd, l->text, l->n) == -1 && errno == EINTR)
			;
	}
	errno = e;
}

void
log_warn(const char *event, const char *fmt, ...)
{
	char text[1024];
	struct log l;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	log_open_at(&l, LOG_WARNING, event);
	log_str(&l, "text", text);
	log_send(&l);
}

void
log_fatal(const char *kind, const char *text)
{
	struct log l;

	log_open_at(&l, LOG_ERR, "fatal");
	log_str(&l, "kind", kind);
	log_str(&l, "text", text);
	log_send(&l);
}
