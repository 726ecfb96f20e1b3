/* auth_source: see auth_source.h. */
#include "auth_source.h"
#include "child.h"
#include "digest.h"
#include "file.h"
#include "log.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_MAX 4096 /* octets of an answer of smtpe-checkpw's */
#define LOGIN_FD 3

static enum auth_result
trouble(const char *program, const char *what, int number)
{
	log_warn("trouble", "%s: %s %d", program, what, number);
	return AUTH_LATER;
}

static enum auth_result
trouble_errno(const char *program)
{
	log_warn("trouble", "%s: %s", program, strerror(errno));
	return AUTH_LATER;
}

/* A launcher that ignores SIGCHLD leaves that to us, and then nobody would
 * learn how a child ended. */
static pid_t
spawn(const char *const argv[], const struct child_fd *fds, size_t nfds)
{
	signal(SIGCHLD, SIG_DFL);
	return child_spawn_group(argv, NULL, fds, nfds);
}

/* Waits for the end, and makes an end of it at authtimeout. */
static enum auth_result
result_of(struct session *s, const char *program, pid_t pid, bool own)
{
	int status;

	if (child_wait(pid, clock_deadline(s->controls.authtimeout),
	    &status) == -1) {
		int e = errno;

		/* What it has started goes with it. */
		kill(-pid, SIGKILL);
		errno = e;
		return trouble_errno(program);
	}
	if (WIFSIGNALED(status))
		return trouble(program, "signal", WTERMSIG(status));
	switch (WEXITSTATUS(status)) {
	case 0:
		return AUTH_YES;
	case 1:
		return AUTH_NO;
	case 2:
		if (own)
			return AUTH_BAD;
		break;
	}
	return trouble(program, "exit", WEXITSTATUS(status));
}

/* Where smtpe is: what came with it is used, whatever PATH says. */
static const char *
checkpw_path(struct session *s)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path);
	struct span dir = span_make(path, n > 0 ? (size_t)n : 0);
	size_t slash = span_rchr(dir, '/');

	if (n <= 0 || slash == dir.n)
		return "smtpe-checkpw";
	return arena_printf(&s->scratch, "%.*s/smtpe-checkpw", (int)slash,
	    path).p;
}

static int
open_input(struct span user, struct span secret, struct span third)
{
	struct buf b = {0};
	int fds[2], result;

	/* A pipe takes 64 KiB without a reader; this is far less. */
	if (pipe2(fds, O_CLOEXEC) == -1)
		return -1;
	buf_reserve(&b, user.n + secret.n + third.n + 3);
	buf_put(&b, user);
	buf_putc(&b, '\0');
	buf_put(&b, secret);
	buf_putc(&b, '\0');
	buf_put(&b, third);
	buf_putc(&b, '\0');
	result = file_write_all(fds[1], buf_span(&b));
	digest_wipe(b.p, b.n);
	buf_free(&b);
	close(fds[1]);
	if (result == 0)
		return fds[0];
	close(fds[0]);
	return -1;
}

/* Its standard output is nobody's: what it prints may be the password. */
static enum auth_result
run(struct session *s, const char *const argv[], bool own, int input)
{
	const struct child_fd fds[2] = {{input, LOGIN_FD}, {0, 1}};
	pid_t pid = spawn(argv, fds, 2);

	if (pid == -1)
		return trouble_errno(argv[0]);
	return result_of(s, argv[0], pid, own);
}

static enum auth_result
ask(struct session *s, const char *const argv[], bool own, struct span user,
    struct span secret, struct span third)
{
	enum auth_result r;
	int input = open_input(user, secret, third);

	if (input == -1)
		return trouble_errno(argv[0]);
	r = run(s, argv, own, input);
	close(input);
	return r;
}

enum auth_result
auth_source_ask(struct session *s, struct span user, struct span secret,
    struct span third, bool cram)
{
	enum auth_result r = AUTH_NO;

	if (s->controls.authusers != NULL) {
		const char *argv[] = {checkpw_path(s), "-f",
		    s->controls.authusers, cram ? "--cram-md5" : NULL, NULL};

		r = ask(s, argv, true, user, secret, third);
	}
	if (r != AUTH_NO || s->checkpassword == NULL)
		return r;
	/* checkpassword's third field is a time stamp, if anything. */
	return ask(s, s->checkpassword, false, user, secret, third);
}

/* One line from fd, without its end: 1; 0 at the end of input, -1 and
 * errno. */
static int
read_line(struct session *s, int fd, struct buf *line)
{
	clock_ms deadline = clock_deadline(s->controls.authtimeout);

	while (line->n == 0 || line->p[line->n - 1] != '\n') {
		ssize_t n;

		if (line->n > LINE_MAX) {
			errno = EMSGSIZE;
			return -1;
		}
		if (io_wait(fd, POLLIN, deadline) == -1)
			return -1;
		n = read(fd, buf_reserve(line, 512), 512);
		if (n == -1 && errno != EINTR && errno != EAGAIN)
			return -1;
		if (n == 0)
			return 0;
		if (n > 0)
			line->n += (size_t)n;
	}
	line->n--;
	return 1;
}

enum auth_result
auth_source_mechanisms(struct session *s, struct buf *line)
{
	const char *argv[] = {checkpw_path(s), "-f", s->controls.authusers,
	    "--mechanisms", NULL};
	struct child_fd out;
	int fds[2], r;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) == -1)
		return trouble_errno(argv[0]);
	out = (struct child_fd){fds[1], 1};
	pid = spawn(argv, &out, 1);
	if (pid == -1)
		trouble_errno(argv[0]);
	close(fds[1]);
	r = pid == -1 ? -1 : read_line(s, fds[0], line);
	close(fds[0]);
	if (pid == -1)
		return AUTH_LATER;
	if (r != -1)
		return result_of(s, argv[0], pid, true);
	child_kill(pid);
	return AUTH_LATER;
}

bool
auth_source_has_scram(struct session *s)
{
	struct buf line = {0};

	if (s->scram_known_for == s->controls.authusers)
		return s->has_scram;
	s->has_scram = auth_source_mechanisms(s, &line) == AUTH_YES &&
	    span_istarts(buf_span(&line), SPAN("SCRAM-SHA-256 "));
	s->scram_known_for = s->controls.authusers;
	buf_free(&line);
	return s->has_scram;
}

int
auth_scram_open(struct session *s, struct auth_scram *c)
{
	const char *argv[] = {checkpw_path(s), "-f", s->controls.authusers,
	    "--scram-sha-256", NULL};
	struct child_fd fds[2] = {{0, LOGIN_FD}, {0, 1}};
	int pair[2];

	*c = (struct auth_scram){-1, -1};
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1) {
		trouble_errno(argv[0]);
		return -1;
	}
	fds[0].from = pair[1];
	c->pid = spawn(argv, fds, 2);
	if (c->pid == -1)
		trouble_errno(argv[0]);
	close(pair[1]);
	c->fd = pair[0];
	if (c->pid != -1)
		return 0;
	close(c->fd);
	c->fd = -1;
	return -1;
}

enum auth_result
auth_scram_close(struct session *s, struct auth_scram *c, bool kill_it)
{
	enum auth_result r = AUTH_LATER;

	if (c->fd == -1)
		return r;
	close(c->fd);
	c->fd = -1;
	if (kill_it)
		child_kill(c->pid);
	else
		r = result_of(s, "smtpe-checkpw", c->pid, true);
	return r;
}

enum auth_result
auth_scram_say(struct session *s, struct auth_scram *c, struct span text,
    struct span *answer)
{
	struct buf line = {0};
	int r;

	buf_put(&line, text);
	buf_putc(&line, '\n');
	r = send(c->fd, line.p, line.n, MSG_NOSIGNAL) == (ssize_t)line.n ?
	    1 : 0;
	buf_reset(&line);
	if (r == 1)
		r = read_line(s, c->fd, &line);
	if (r == 1)
		*answer = arena_dup(&s->scratch, buf_span(&line));
	buf_free(&line);
	if (r == 1)
		return AUTH_YES;
	if (r == -1) {
		trouble_errno("smtpe-checkpw");
		return auth_scram_close(s, c, true);
	}
	/* It has no more to say: its end tells why. */
	return auth_scram_close(s, c, false);
}
