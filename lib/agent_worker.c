/*
 * agent_worker: see agent_worker.h. What a worker says is passed on as it is;
 * which recipients have their answers is noted.
 */
#include "agent_worker.h"
#include "child.h"
#include "die.h"
#include "num.h"
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ 16384
#define MOST 1000 /* workers of one agent */

static unsigned
count(uint64_t wanted)
{
	return wanted == 0 ? 1 : wanted > MOST ? MOST : (unsigned)wanted;
}

unsigned
agent_workers_local(const struct controls *c)
{
	return count(c->concurrencylocal);
}

unsigned
agent_workers_remote(const struct controls *c)
{
	return count(c->concurrencyremote);
}

int
worker_start(struct worker *k, void (*become)(int fd))
{
	pid_t parent = getpid();
	int sv[2], e;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == -1)
		return -1;
	if ((k->pid = fork()) == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* It may have died before that. */
		if (getppid() != parent)
			_exit(EXIT_TEMP);
		close(sv[0]);
		become(sv[1]);
		_exit(0);
	}
	e = errno;
	close(sv[1]);
	if (k->pid == -1) {
		close(sv[0]);
		errno = e;
		return -1;
	}
	k->fd = sv[0];
	return 0;
}

/* The job's descriptor goes with the first octet of its line. */
static ssize_t
send_first(struct worker *k, struct span rest)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {(char *)(uintptr_t)rest.p, rest.n};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = &control, .msg_controllen = sizeof control};
	struct cmsghdr *c = &control.align;

	memset(&control, 0, sizeof control);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = (socklen_t)CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &k->job->fd, sizeof(int));
	return sendmsg(k->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool
worker_must_send(const struct worker *k)
{
	return k->job != NULL && k->at < worker_job_of(k->job)->line.n;
}

int
worker_send(struct worker *k)
{
	while (worker_must_send(k)) {
		struct span rest =
		    span_skip(worker_job_of(k->job)->line, k->at);
		ssize_t n = k->sent ? send(k->fd, rest.p, rest.n,
		    MSG_DONTWAIT | MSG_NOSIGNAL) : send_first(k, rest);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return errno == EAGAIN ? 0 : -1;
		k->at += (size_t)n;
		if (k->sent)
			continue;
		/* It is the worker's now. */
		k->sent = true;
		close(k->job->fd);
		k->job->fd = -1;
	}
	return 0;
}

/* "done N INDEX ..." is noted, "note" only passed on; false when it is nothing
 * of the kind. */
static bool
note_answer(struct agent_job *job, struct span line, bool *answered)
{
	struct span verb, word;
	uint64_t number, index;

	if (!span_word(&line, &verb) || !span_word(&line, &word) || num_parse_u64(word, &number) == -1 ||
	    !span_word(&line, &word) || num_parse_u64(word, &index) == -1 ||
	    job == NULL || number != job->number || index >= job->nrcpts ||
	    job->rcpts[index].answered)
		return false;
	if (span_eq(verb, SPAN("note")))
		return true;
	if (!span_eq(verb, SPAN("done")))
		return false;
	job->rcpts[index].answered = true;
	worker_job_of(job)->left--;
	/* "later" may be anything, a word for good is a server's. */
	if (span_word(&line, &verb) && !span_eq(verb, SPAN("later")))
		*answered = true;
	return true;
}

int
worker_receive(struct worker *k, struct buf *out)
{
	ssize_t n = recv(k->fd, buf_reserve(&k->in, READ), READ, MSG_DONTWAIT);
	struct span rest, line;

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return -1;
	k->in.n += (size_t)n;
	rest = buf_span(&k->in);
	while (span_chr(rest, '\n') < rest.n) {
		span_cut(&rest, '\n', &line);
		if (!note_answer(k->job, line, &k->answered))
			die_bug("a worker said %.*s",
			    SPAN_ARG(span_head(line, 200)));
		buf_put(out, line);
		buf_putc(out, '\n');
	}
	memmove(k->in.p, rest.p, rest.n);
	k->in.n = rest.n;
	return 0;
}

void
worker_bury(struct worker *k, struct buf *why)
{
	int status = 0;

	close(k->fd);
	k->fd = -1;
	k->row = 0;
	buf_reset(&k->key);
	buf_reset(&k->in);
	buf_reset(why);
	if (child_wait(k->pid, clock_deadline(1000), &status) == -1)
		buf_puts(why, "hung");
	else if (WIFSIGNALED(status))
		buf_printf(why, "signal %d", WTERMSIG(status));
	else
		buf_printf(why, "exit %d", WEXITSTATUS(status));
}
