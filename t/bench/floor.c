/*
 * floor QUEUEDIR: the least that a durable receiver with one process per
 * connection can do, to measure against. SMTP on fd 0 and 1; one file per
 * message: created in tmp/, renamed to new/, fsynced, then the 250 (on ext4
 * and xfs one journal commit carries the name and the content).
 *
 * It checks nothing, has no limits and no time-outs: never for real mail.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

static char in[65536];
static size_t in_at, in_n;
static char out[4096];
static size_t out_n;
static char block[131072];
static size_t block_n;
static char envelope[262144];
static size_t envelope_n;
static const char *queue;
static unsigned number;

static void
write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t r = write(fd, p, n);

		if (r <= 0)
			_exit(1);
		p += r;
		n -= (size_t)r;
	}
}

static void
flush(void)
{
	write_all(1, out, out_n);
	out_n = 0;
}

static void
say(const char *s)
{
	size_t n = strlen(s);

	if (out_n + n > sizeof out)
		flush();
	memcpy(out + out_n, s, n);
	out_n += n;
}

static bool
fill(void)
{
	ssize_t r;

	flush();
	r = read(0, in, sizeof in);
	if (r <= 0)
		return false;
	in_at = 0;
	in_n = (size_t)r;
	return true;
}

/* A line without its end, cut at max - 1; false at the end of input. */
static bool
get_line(char *line, size_t max, size_t *len)
{
	size_t n = 0;

	for (;;) {
		char c;

		if (in_at == in_n && !fill())
			return false;
		c = in[in_at++];
		if (c == '\n')
			break;
		if (n < max - 1)
			line[n++] = c;
	}
	if (n > 0 && line[n - 1] == '\r')
		n--;
	line[n] = '\0';
	*len = n;
	return true;
}

static void
put(int fd, const char *p, size_t n)
{
	while (n > 0) {
		size_t k = sizeof block - block_n;

		if (k > n)
			k = n;
		memcpy(block + block_n, p, k);
		block_n += k;
		p += k;
		n -= k;
		if (block_n == sizeof block) {
			write_all(fd, block, block_n);
			block_n = 0;
		}
	}
}

/* The message up to CRLF.CRLF, dots unstuffed. */
static void
read_message(int fd)
{
	enum { START, MIDDLE, DOT, DOT_CR } at = START;

	for (;;) {
		char c;

		if (in_at == in_n && !fill())
			_exit(1);
		if (at == MIDDLE) {
			char *p = in + in_at;
			char *end = memchr(p, '\n', in_n - in_at);
			size_t n = end != NULL ? (size_t)(end - p) + 1 :
						 in_n - in_at;

			put(fd, p, n);
			in_at += n;
			if (end != NULL)
				at = START;
			continue;
		}
		c = in[in_at++];
		if (at == START && c == '.') {
			at = DOT;
			continue;
		}
		if (at == DOT && c == '\r') {
			at = DOT_CR;
			continue;
		}
		if (at == DOT_CR) {
			if (c == '\n')
				return;
			put(fd, "\r", 1);
		}
		put(fd, &c, 1);
		at = c == '\n' ? START : MIDDLE;
	}
}

static void
data(void)
{
	char tmp[512];
	char new[512];
	struct timespec now;
	int fd;

	clock_gettime(CLOCK_REALTIME, &now);
	number++;
	snprintf(tmp, sizeof tmp, "%s/tmp/%lld.%09ld.%d.%u", queue,
	    (long long)now.tv_sec, now.tv_nsec, (int)getpid(), number);
	snprintf(new, sizeof new, "%s/new/%lld.%09ld.%d.%u", queue,
	    (long long)now.tv_sec, now.tv_nsec, (int)getpid(), number);
	fd = open(tmp, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0) {
		say("451 no\r\n");
		return;
	}
	say("354 go\r\n");
	put(fd, envelope, envelope_n);
	put(fd, "\n", 1);
	read_message(fd);
	write_all(fd, block, block_n);
	block_n = 0;
	if (rename(tmp, new) == 0 && fsync(fd) == 0)
		say("250 ok\r\n");
	else
		say("451 fail\r\n");
	close(fd);
}

static void
note(const char *line, size_t n)
{
	if (envelope_n + n + 1 < sizeof envelope) {
		memcpy(envelope + envelope_n, line, n);
		envelope_n += n;
		envelope[envelope_n++] = '\n';
	}
	say("250 ok\r\n");
}

int
main(int argc, char **argv)
{
	char line[2048];
	size_t n;

	if (argc != 2) {
		fputs("usage: floor QUEUEDIR\n", stderr);
		return 100;
	}
	queue = argv[1];
	say("220 floor ESMTP\r\n");
	while (get_line(line, sizeof line, &n)) {
		if (strncasecmp(line, "MAIL", 4) == 0) {
			envelope_n = 0;
			note(line, n);
		} else if (strncasecmp(line, "RCPT", 4) == 0) {
			note(line, n);
		} else if (strncasecmp(line, "DATA", 4) == 0) {
			data();
		} else if (strncasecmp(line, "EHLO", 4) == 0) {
			say("250-floor\r\n250-PIPELINING\r\n250-SIZE\r\n"
			    "250 8BITMIME\r\n");
		} else if (strncasecmp(line, "QUIT", 4) == 0) {
			say("221 bye\r\n");
			flush();
			return 0;
		} else {
			say("250 ok\r\n");
		}
	}
	return 0;
}
