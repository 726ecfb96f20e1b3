/* pool_talk: see pool_talk.h. */
#include "pool_talk.h"
#include "log.h"
#include "num.h"
#include "pool_jobs.h"
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define BATCH_OCTETS 32768 /* of lines in one message, about */
#define READ_OCTETS  16384
#define WINDOW_MAX   100000
#define PAUSE	     50 /* ms; when too many descriptors are under way */
#define READS_MAX    64 /* in a row, of an agent that does not stop talking */
#define NOTES_MAX    10000 /* lines without an answer; each takes memory */

/* The next lines, as far as the window goes: true when there are any. */
static bool
fill(struct pool_agent *a, clock_ms silence)
{
	clock_ms now;

	buf_reset(&a->out);
	a->sent = 0;
	a->nfds = 0;
	if (a->state != AGENT_READY || a->waiting.n == 0)
		return false;
	now = clock_mono();
	while (a->nopen < a->window && a->nfds < POOL_BATCH &&
	    a->out.n < BATCH_OCTETS) {
		struct job *j = job_queue_pop(&a->waiting);

		if (j == NULL)
			break;
		if (a->nopen == 0) {
			a->deadline = clock_deadline(silence);
			a->overdue = 0;
		}
		j->given = now;
		plan_format_job(j->number, &j->entry->out.env,
		    j->entry->out.size, j->group, &a->out);
		a->fds[a->nfds++] = j->entry->out.fd;
		j->next = a->open[j->number % POOL_HASH];
		a->open[j->number % POOL_HASH] = j;
		a->nopen++;
	}
	return a->out.n > 0;
}

/*
 * Several jobs may share a message: their descriptors come with its first
 * octet, which is never later than the first octet of their line.
 */
static ssize_t
send_some(struct pool_agent *a)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(POOL_BATCH * sizeof(int))];
	} control;
	struct iovec iov = {a->out.p + a->sent, a->out.n - a->sent};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	if (a->nfds > 0) {
		size_t octets = a->nfds * sizeof(int);
		struct cmsghdr *c = &control.align;

		memset(&control, 0, sizeof control);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = (socklen_t)CMSG_LEN(octets);
		memcpy(CMSG_DATA(c), a->fds, octets);
		m.msg_control = &control;
		m.msg_controllen = (socklen_t)CMSG_SPACE(octets);
	}
	do
		n = sendmsg(a->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	return n;
}

int
talk_send(struct pool_agent *a, clock_ms silence)
{
	a->pause = 0;
	while (a->sent < a->out.n || fill(a, silence)) {
		ssize_t n = send_some(a);

		if (n == -1 && errno == EAGAIN)
			return 0;
		if (n == -1 && errno == ETOOMANYREFS) {
			/* unix(7): more than RLIMIT_NOFILE are under way for
			 * this user; the agents will take some. */
			a->pause = clock_deadline(PAUSE);
			return 0;
		}
		if (n == -1)
			return -1;
		a->sent += (size_t)n;
		if (n > 0)
			a->nfds = 0;
	}
	return 0;
}

static const char *
take_ready(struct pool_agent *a, struct span rest, clock_ms silence)
{
	struct span version, window;
	uint64_t n;

	if (a->state != AGENT_STARTING)
		return "is ready twice";
	if (!span_word(&rest, &version) || !span_word(&rest, &window) ||
	    rest.n > 0 || !span_eq(version, SPAN("1")))
		return "speaks another protocol";
	if (num_parse_max(window, WINDOW_MAX, &n) == -1 || n == 0)
		return "has no window";
	a->window = (size_t)n;
	a->state = AGENT_READY;
	a->deadline = clock_deadline(silence);
	return NULL;
}

/* One line of text, whatever the agent made of it. */
static struct span
unescape(struct span text, struct arena *arena)
{
	struct span plain;

	if (escape_undo(text, arena, &plain) == -1)
		plain = text;
	return arena_dup(arena, span_head(plain, RESULT_TEXT_MAX));
}

static bool
parse_outcome(struct span word, enum result_kind *kind)
{
	if (span_eq(word, SPAN("ok")))
		*kind = RESULT_OK;
	else if (span_eq(word, SPAN("later")))
		*kind = RESULT_LATER;
	else if (span_eq(word, SPAN("fail")))
		*kind = RESULT_FAIL;
	else
		return false;
	return true;
}

static bool
is_enhanced(struct span s)
{
	if (s.n > 11)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_isdigit(s.p[i]) && s.p[i] != '.')
			return false;
	return s.n > 0;
}

/* "N RCPT-INDEX ", and where that recipient's result belongs. */
static const char *
take_rcpt(struct pool_agent *a, struct span *rest, struct job ***at,
    struct result **r)
{
	struct span number, rcpt;
	uint64_t n, i;
	struct job *j;

	if (!span_word(rest, &number) || !span_word(rest, &rcpt) ||
	    num_parse_u64(number, &n) == -1 || num_parse_u64(rcpt, &i) == -1)
		return "does not speak the protocol";
	*at = job_find(a, n);
	if ((j = **at) == NULL)
		return "answered a job that it does not have";
	if (i >= j->group->nrcpts)
		return "answered for a recipient that it does not have";
	*r = &j->entry->results[j->group->rcpts[i]];
	return (*r)->kind != RESULT_NONE ? "answered twice" : NULL;
}

/* "N RCPT-INDEX KEY=VALUE...": of the answer to come. */
static const char *
take_note(struct pool_agent *a, struct span rest)
{
	struct span word, key;
	struct job **at;
	struct result *r;
	const char *why;

	if ((why = take_rcpt(a, &rest, &at, &r)) != NULL)
		return why;
	if (++a->notes > NOTES_MAX + a->nopen)
		return "says much and answers nothing";
	while (span_word(&rest, &word)) {
		span_cut(&word, '=', &key);
		if (word.p == NULL)
			return "does not speak the protocol";
		if (span_eq(key, SPAN("peer"))) {
			r->peer = unescape(word,
			    &(*at)->entry->out.arena);
		} else if (span_eq(key, SPAN("dsn"))) {
			r->passed = span_eq(word, SPAN("passed"));
			r->relayed = span_eq(word, SPAN("relayed"));
		}
	}
	return NULL;
}

/* "N RCPT-INDEX ok|later|fail CODE ENHANCED TEXT" */
static const char *
take_done(struct pool *p, struct pool_agent *a, struct span rest)
{
	struct span outcome, code, enhanced;
	enum result_kind kind;
	struct job **at, *j;
	struct result *r;
	const char *why;
	uint64_t c;

	if ((why = take_rcpt(a, &rest, &at, &r)) != NULL)
		return why;
	if (!span_word(&rest, &outcome) || !span_word(&rest, &code) ||
	    !span_word(&rest, &enhanced) || !parse_outcome(outcome, &kind) ||
	    code.n != 3 || num_parse_u64(code, &c) == -1 ||
	    !is_enhanced(enhanced))
		return "does not speak the protocol";
	j = *at;
	r->kind = kind;
	r->code = (int)c;
	r->enhanced = arena_dup(&j->entry->out.arena, enhanced);
	r->text = unescape(span_trim(rest), &j->entry->out.arena);
	r->agent = a->name;
	r->ms = clock_mono() - j->given;
	a->notes = 0;
	if (--j->open == 0)
		job_over(p, job_take_at(a, at));
	return NULL;
}

/* "SECONDS TEXT": what it has it still answers. */
static const char *
take_busy(struct pool *p, struct pool_agent *a, struct span rest)
{
	struct span seconds, text;
	struct arena arena = {0};
	struct job *j;
	struct log l;
	uint64_t n;

	if (!span_word(&rest, &seconds) ||
	    num_parse_max(seconds, 86400, &n) == -1)
		return "does not speak the protocol";
	text = unescape(span_trim(rest), &arena);
	log_open_at(&l, LOG_WARNING, "agent-busy");
	log_str(&l, "agent", a->name);
	log_num(&l, "seconds", (int64_t)n);
	log_span(&l, "text", text);
	log_send(&l);
	a->busy = n > 0 ? clock_deadline((int64_t)n * 1000) : 0;
	while (n > 0 && (j = job_queue_pop(&a->waiting)) != NULL)
		job_answer(p, j, RESULT_UNTRIED, 451, "4.3.2", text);
	arena_free(&arena);
	return NULL;
}

static const char *
take_line(struct pool *p, struct pool_agent *a, struct span line,
    clock_ms silence)
{
	struct span word;

	if (!span_word(&line, &word))
		return "said nothing";
	line = span_trim(line);
	if (span_eq(word, SPAN("ready")))
		return take_ready(a, line, silence);
	if (a->state != AGENT_READY)
		return "does not say that it is ready";
	if (span_eq(word, SPAN("done")))
		return take_done(p, a, line);
	if (span_eq(word, SPAN("note")))
		return take_note(a, line);
	if (span_eq(word, SPAN("busy")))
		return take_busy(p, a, line);
	return "does not speak the protocol";
}

static const char *
take_lines(struct pool *p, struct pool_agent *a, clock_ms silence)
{
	struct span rest = buf_span(&a->in), line;
	const char *why = NULL;
	size_t left;

	while (why == NULL && span_chr(rest, '\n') < rest.n) {
		span_cut(&rest, '\n', &line);
		why = take_line(p, a, line, silence);
	}
	left = rest.n;
	memmove(a->in.p, rest.p, left);
	a->in.n = left;
	if (why == NULL && left > POOL_LINE_MAX)
		why = "says lines that have no end";
	return why;
}

int
talk_receive(struct pool *p, struct pool_agent *a, clock_ms silence,
    const char **why)
{
	for (int i = 0; i < READS_MAX; i++) {
		ssize_t n = recv(a->fd, buf_reserve(&a->in, READ_OCTETS),
		    READ_OCTETS, MSG_DONTWAIT);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			return 1;
		if (n == -1 && errno != ECONNRESET) {
			*why = strerror(errno);
			return -1;
		}
		if (n <= 0)
			return 0;
		a->in.n += (size_t)n;
		if (a->state == AGENT_READY)
			a->deadline = clock_deadline(silence);
		if ((*why = take_lines(p, a, silence)) != NULL)
			return -1;
		if (n < READ_OCTETS)
			return 1;
	}
	return 1;
}
