/* pipe_run: see pipe_run.h. */
#include "pipe_run.h"
#include "child.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLOW_MS 10 /* between two looks, without a descriptor to wait for */

struct running {
	struct pipe_run *r;
	struct maildir_text *text;
	pid_t pid;
	int in, out, end; /* its input, its output, its end; -1: closed */
	struct span piece; /* what is left of it */
	bool exited;
};

enum pipe_verdict
pipe_verdict(int status)
{
	if (!WIFEXITED(status))
		return PIPE_LATER;
	switch (WEXITSTATUS(status)) {
	case 0:
	case 99: /* "and nothing further", which is what we do */
		return PIPE_OK;
	case 64: /* EX_USAGE */
	case 65: /* EX_DATAERR */
	case 70: /* EX_SOFTWARE */
	case 76: /* EX_PROTOCOL */
	case 77: /* EX_NOPERM */
	case 78: /* EX_CONFIG */
	case 100:
	case 112:
		return PIPE_FAIL;
	default:
		return PIPE_LATER;
	}
}

static void
shut(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

static int
trouble(struct pipe_run *r, const char *doing)
{
	r->error = errno;
	r->doing = doing;
	return -1;
}

static int
start(struct running *p, const char *command, const char *const env[])
{
	const char *argv[] = {"/bin/sh", "-c", command, NULL};
	struct child_fd fds[3];
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) == -1)
		return trouble(p->r, "make a pipe");
	if (pipe2(out, O_CLOEXEC) == -1) {
		trouble(p->r, "make a pipe");
		close(in[0]);
		close(in[1]);
		return -1;
	}
	fds[0] = (struct child_fd){in[0], 0};
	fds[1] = (struct child_fd){out[1], 1};
	fds[2] = (struct child_fd){out[1], 2};
	p->pid = child_spawn_group(argv, env, fds, 3);
	if (p->pid == -1)
		trouble(p->r, "start /bin/sh");
	close(in[0]);
	close(out[1]);
	p->in = in[1];
	p->out = out[0];
	/* Its own ends are not shared: they stay as it expects them. */
	fcntl(p->in, F_SETFL, O_NONBLOCK);
	fcntl(p->out, F_SETFL, O_NONBLOCK);
	if (p->pid != -1)
		p->end = child_pidfd(p->pid);
	return p->pid == -1 ? -1 : 0;
}

/* As much as it takes. It need not want all of it, or any. */
static int
feed(struct running *p)
{
	while (p->in != -1) {
		ssize_t n;

		if (p->piece.n == 0) {
			int more = maildir_text_next(p->text, &p->piece);

			if (more == -1)
				return trouble(p->r, "read the entry");
			if (more == 0) {
				shut(&p->in);
				return 0;
			}
		}
		n = write(p->in, p->piece.p, p->piece.n);
		if (n >= 0)
			p->piece = span_skip(p->piece, (size_t)n);
		else if (errno == EAGAIN)
			return 0;
		else if (errno != EINTR)
			shut(&p->in);
	}
	return 0;
}

/* What it says beyond the limit is read, so that it need not wait. */
static void
listen_to(struct running *p)
{
	struct buf *b = &p->r->output;
	char piece[4096];

	/* One that never stops must not keep us from the clock. */
	for (int i = 0; p->out != -1 && i < 32; i++) {
		ssize_t n = read(p->out, piece, sizeof piece);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			return;
		if (n <= 0) {
			shut(&p->out);
			return;
		}
		buf_put(b, span_head(span_make(piece, (size_t)n),
		    PIPE_OUTPUT - b->n));
	}
}

static void
look_for_end(struct running *p)
{
	pid_t pid = waitpid(p->pid, &p->r->status, WNOHANG);

	if (pid == p->pid || (pid == -1 && errno != EINTR))
		p->exited = true;
}

static void
wait_for_events(struct running *p, clock_ms deadline)
{
	struct pollfd f[3] = {{p->in, POLLOUT, 0}, {p->out, POLLIN, 0},
	    {p->end, POLLIN, 0}};
	int ms = clock_left(deadline);

	if (p->end == -1 && (ms < 0 || ms > SLOW_MS))
		ms = SLOW_MS;
	poll(f, 3, ms);
}

/* Until it has ended, or -1. */
static int
attend(struct running *p, clock_ms deadline)
{
	while (!p->exited) {
		wait_for_events(p, deadline);
		/* First: what it has said by then is all that it says. */
		look_for_end(p);
		listen_to(p);
		if (!p->exited && feed(p) == -1)
			return -1;
		if (!p->exited && clock_left(deadline) == 0) {
			p->r->late = true;
			return -1;
		}
	}
	return 0;
}

void
pipe_run(struct pipe_run *r, const char *command, const char *const env[],
    struct maildir_text *text, clock_ms deadline)
{
	struct running p = {.r = r, .text = text, .pid = -1, .in = -1,
	    .out = -1, .end = -1};

	buf_reset(&r->output);
	r->status = 0;
	r->late = false;
	r->error = 0;
	r->doing = NULL;
	if (start(&p, command, env) == 0 && attend(&p, deadline) == -1) {
		/* The group first: while its leader is not reaped its number
		 * is nobody else's. */
		kill(-p.pid, SIGKILL);
		child_kill(p.pid);
		listen_to(&p);
	}
	shut(&p.in);
	shut(&p.out);
	shut(&p.end);
}
