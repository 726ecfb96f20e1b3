/* qmailqueue: see qmailqueue.h. */
#include "qmailqueue.h"
#include "child.h"
#include "compose.h"
#include "io.h"
#include "log.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

/* RFC 5321 4.5.3.2.6: our client waits ten minutes for its reply. */
#define PATIENCE_MS (9 * 60 * 1000)
#define WORDS_FD    6
#define WORDS	    82  /* exit status: what it says is on WORDS_FD */
#define WORDS_MAX   500

struct run {
	pid_t pid;
	int message, envelope, words; /* our ends; -1: closed */
	clock_ms deadline;
};

static void
shut(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

static int
start(struct run *r, const char *program)
{
	const char *const argv[] = {program, NULL};
	int m[2] = {-1, -1}, e[2] = {-1, -1}, w[2] = {-1, -1};
	int error;

	r->pid = -1;
	if (pipe2(m, O_CLOEXEC) == 0 && pipe2(e, O_CLOEXEC) == 0 &&
	    pipe2(w, O_CLOEXEC) == 0) {
		struct child_fd fds[] = {{m[0], 0}, {e[0], 1},
		    {w[1], WORDS_FD}};

		r->pid = child_spawn(argv, NULL, fds, 3);
	}
	error = errno;
	shut(&m[0]);
	shut(&e[0]);
	shut(&w[1]);
	r->message = m[1];
	r->envelope = e[1];
	r->words = w[0];
	errno = error;
	return r->pid == -1 ? -1 : 0;
}

/* No more at once than a pipe that is ready takes without blocking. */
static int
put(const struct run *r, int fd, struct span s)
{
	while (s.n > 0) {
		ssize_t n;

		if (io_wait(fd, POLLOUT, r->deadline) == -1)
			return -1;
		n = write(fd, s.p, s.n < PIPE_BUF ? s.n : PIPE_BUF);
		if (n == -1 && errno != EINTR)
			return -1;
		s = span_skip(s, n > 0 ? (size_t)n : 0);
	}
	return 0;
}

static int
put_message(const struct run *r, const struct message *m,
    const struct envelope *env)
{
	struct compose compose = {0};
	struct buf lines = {0};
	struct span piece;
	bool cr = false;
	int n, result = 0;

	compose_start(&compose, m->fd, message_size(m),
	    m->replaced ? buf_span(&m->data).p : NULL, env);
	while (result == 0 && (n = compose_next(&compose, &piece)) != 0) {
		buf_reset(&lines);
		if (n == 1)
			crlf_to_lf(piece, &cr, &lines);
		result = n == -1 ? -1 : put(r, r->message, buf_span(&lines));
	}
	if (result == 0 && cr)
		result = put(r, r->message, SPAN("\r"));
	compose_end(&compose);
	compose_free(&compose);
	buf_free(&lines);
	return result;
}

/* "Fsender\0" "Trecipient\0"... "\0" */
static int
put_envelope(const struct run *r, const struct envelope *env)
{
	struct buf b = {0};
	int result;

	buf_putc(&b, 'F');
	buf_put(&b, env->sender);
	buf_putc(&b, '\0');
	for (size_t i = 0; i < env->nrcpts; i++) {
		buf_putc(&b, 'T');
		buf_put(&b, env->rcpts[i].address);
		buf_putc(&b, '\0');
	}
	buf_putc(&b, '\0');
	result = put(r, r->envelope, buf_span(&b));
	buf_free(&b);
	return result;
}

/* "Dtext" refuses for good, "Ztext" for now; p NULL: it said nothing. */
static struct span
read_words(const struct run *r, char *text, size_t size)
{
	struct span s;
	ssize_t n;

	if (io_wait(r->words, POLLIN, clock_deadline(0)) == -1)
		return span_make(NULL, 0);
	n = read(r->words, text, size);
	if (n < 2 || (text[0] != 'D' && text[0] != 'Z'))
		return span_make(NULL, 0);
	s = span_make(text, (size_t)n);
	s = span_head(s, span_chr(s, '\n'));
	return span_head(s, span_chr(s, '\0'));
}

/* qmail-queue(8), EXIT CODES. What is neither is for now: nothing is lost. */
static struct reply
judge(struct session *s, int code, struct span words)
{
	struct reply r;

	if (code == WORDS && words.n > 1) {
		r = words.p[0] == 'D' ?
		    REPLY(554, "5.7.1", "") :
		    REPLY(451, "4.3.0", "");
		r.text = arena_dup(&s->tx.arena,
		    session_ascii(s, span_skip(words, 1)));
		return r;
	}
	if (code == 11)
		return REPLY(553, "5.1.3", "An address is too long");
	if (code == 31)
		return REPLY(554, "5.7.1", "Message refused");
	if (code > 11 && code <= 40)
		return REPLY(554, "5.3.0", "Message refused");
	return REPLY(451, "4.3.0", "Local trouble, try again later");
}

static void
log_end(const struct envelope *env, const char *program, int code,
    struct span words, const char *error)
{
	struct log l;

	log_open(&l, "qmailqueue");
	log_span(&l, "id", env->id);
	log_str(&l, "program", program);
	if (error == NULL)
		log_num(&l, "exit", code);
	else
		log_str(&l, "error", error);
	if (words.n > 1)
		log_span(&l, "text", words);
	log_send(&l);
}

static int
put_all(struct run *r, const struct message *m, const struct envelope *env)
{
	if (put_message(r, m, env) == -1)
		return -1;
	shut(&r->message);
	return put_envelope(r, env);
}

/* Its exit status, after it was given all: 0..255, or -1 and *error. */
static int
feed(struct run *r, const struct message *m, const struct envelope *env,
    const char **error)
{
	int status, failed = put_all(r, m, env), e = errno;

	/* Before it sees an end that is none. */
	if (failed == -1 && e != EPIPE) {
		child_kill(r->pid);
		*error = strerror(e);
		return -1;
	}
	shut(&r->message);
	shut(&r->envelope);
	if (child_wait(r->pid, r->deadline, &status) == -1)
		*error = strerror(errno);
	else if (!WIFEXITED(status))
		*error = "killed by a signal";
	else if (failed == -1 && WEXITSTATUS(status) == 0)
		*error = "it did not read all";
	else
		return WEXITSTATUS(status);
	return -1;
}

int
qmailqueue_pass(struct session *s, const struct message *m,
    const struct envelope *env, struct reply *refusal)
{
	const char *error = NULL;
	char text[WORDS_MAX];
	struct span words = {NULL, 0};
	struct run r = {.deadline = clock_deadline(PATIENCE_MS)};
	int code = -1;

	if (queue_in_flush(&s->in) == -1) {
		*refusal = session_trouble(s, "write");
		return -1;
	}
	if (start(&r, s->qmailqueue) == -1)
		error = strerror(errno);
	else
		code = feed(&r, m, env, &error);
	if (code == WORDS)
		words = read_words(&r, text, sizeof text);
	shut(&r.message);
	shut(&r.envelope);
	shut(&r.words);
	if (code == 0)
		return 0;
	log_end(env, s->qmailqueue, code, words, error);
	*refusal = judge(s, code, words);
	return -1;
}
