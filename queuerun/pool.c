/* pool: see pool.h. */
#include "pool.h"
#include "child.h"
#include "die.h"
#include "log.h"
#include "pool_jobs.h"
#include "pool_start.h"
#include "pool_talk.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_TIME  30000 /* ms an agent may take to say "ready" */
#define END_TIME    30000 /* ms it may take to end */
#define STARTS_MAX  2	  /* once, and once again */
#define WINDOW_GUESS 64   /* until it has said what it takes */

void
pool_init(struct pool *p, struct controls *c)
{
	ssize_t n;

	*p = (struct pool){.controls = c, .watch_fd = -1};
	/* Agents stand where we stand, in the build tree as installed. */
	n = readlink("/proc/self/exe", buf_reserve(&p->beside, 4096), 4096);
	if (n > 0)
		p->beside.n = span_rchr(span_make(p->beside.p, (size_t)n),
		    '/');
	if (n <= 0 || p->beside.n == (size_t)n)
		p->beside.n = 0;
}

void
pool_finish(struct pool *p, struct entry *e)
{
	e->next = p->finished;
	p->finished = e;
}

struct entry *
pool_finished(struct pool *p)
{
	struct entry *first = NULL;

	/* In the order in which they were finished. */
	while (p->finished != NULL) {
		struct entry *e = p->finished;

		p->finished = e->next;
		e->next = first;
		first = e;
	}
	return first;
}

struct pool_agent *
pool_agent(struct pool *p, struct span name)
{
	struct pool_agent *a;

	for (a = p->agents; a != NULL; a = a->next)
		if (span_eq(span_of(a->name), name))
			return a;
	if ((a = calloc(1, sizeof *a)) == NULL)
		die_temp("out of memory");
	if (name.n + sizeof "agent-" > sizeof a->name)
		die_bug("agent's name %.*s", SPAN_ARG(name));
	memcpy(a->name, name.p, name.n);
	memcpy(a->program, "agent-", 6);
	memcpy(a->program + 6, name.p, name.n);
	a->fd = -1;
	a->window = WINDOW_GUESS;
	a->next = p->agents;
	p->agents = a;
	return a;
}

static clock_ms
silence(const struct pool *p)
{
	return p->controls->agenttimeout;
}

static bool
is_busy(const struct pool_agent *a)
{
	return a->busy != 0 && a->busy > clock_mono();
}

enum pool_room
pool_room(const struct pool_agent *a)
{
	if (a->state == AGENT_BROKEN)
		return POOL_BROKEN;
	if (is_busy(a))
		return POOL_BUSY;
	return a->nopen + a->waiting.n < a->window ? POOL_ROOM : POOL_FULL;
}

/* From now on jobs for it are answered at once. */
static void
set_broken(struct pool *p, struct pool_agent *a, const char *text)
{
	struct job *j;
	struct log l;

	a->state = AGENT_BROKEN;
	buf_reset(&a->why);
	buf_puts(&a->why, text);
	log_open_at(&l, LOG_ERR, "agent-broken");
	log_str(&l, "agent", a->name);
	log_str(&l, "text", text);
	log_send(&l);
	while ((j = job_queue_pop(&a->waiting)) != NULL)
		job_answer(p, j, RESULT_LATER, 451, "4.3.0",
		    buf_span(&a->why));
}

static void
put_status(struct buf *out, int status)
{
	if (WIFEXITED(status))
		buf_printf(out, " (exit %d)", WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		buf_printf(out, " (signal %d)", WTERMSIG(status));
}

/*
 * The agent is ended, whatever it is doing, and only then are its jobs
 * answered: after that nobody else has their entries.
 */
static void
fail(struct pool *p, struct pool_agent *a, const char *why, bool ended)
{
	bool was_ready = a->state == AGENT_READY;
	const char *more;
	struct buf text = {0};
	struct job *j;
	struct log l;
	int status;

	buf_printf(&text, "%s %s", a->program, why);
	if (!ended)
		child_kill(a->pid);
	else if (child_wait(a->pid, clock_deadline(1000), &status) == 0)
		put_status(&text, status);
	/* What it said at the last moment counts. */
	if (!ended && was_ready)
		talk_receive(p, a, silence(p), &more);
	close(a->fd);
	a->fd = -1;
	a->state = AGENT_OFF;
	buf_reset(&a->out);
	buf_reset(&a->in);
	a->sent = a->nfds = a->notes = 0;
	log_open_at(&l, LOG_ERR, "agent-failed");
	log_str(&l, "agent", a->name);
	log_num(&l, "pid", a->pid);
	log_num(&l, "jobs", (int64_t)a->nopen);
	log_span(&l, "text", buf_span(&text));
	log_send(&l);
	while ((j = job_take_any(a)) != NULL)
		job_answer(p, j, RESULT_LATER, 451, "4.3.0",
		    buf_span(&text));
	if (a->starts >= STARTS_MAX)
		set_broken(p, a, buf_cstr(&text));
	buf_free(&text);
}

static void
start(struct pool *p, struct pool_agent *a)
{
	struct buf why = {0};

	if (pool_start(p, a, &why) == -1) {
		set_broken(p, a, buf_cstr(&why));
	} else {
		a->state = AGENT_STARTING;
		a->deadline = clock_deadline(silence(p) < START_TIME ?
		    silence(p) : START_TIME);
	}
	buf_free(&why);
}

void
pool_give(struct pool *p, struct pool_agent *a, struct job *j)
{
	j->agent = a->name;
	j->number = ++p->number;
	p->njobs++;
	if (a->state == AGENT_BROKEN)
		job_answer(p, j, RESULT_LATER, 451, "4.3.0",
		    buf_span(&a->why));
	else if (is_busy(a))
		job_answer(p, j, RESULT_UNTRIED, 451, "4.3.2",
		    SPAN("the agent is busy"));
	else
		job_queue_push(&a->waiting, j);
}

void
pool_drop_waiting(struct pool *p, struct span why)
{
	struct job *j;

	for (struct pool_agent *a = p->agents; a != NULL; a = a->next)
		while ((j = job_queue_pop(&a->waiting)) != NULL)
			job_answer(p, j, RESULT_UNTRIED, 451, "4.3.2",
			    why);
}

static bool
is_running(const struct pool_agent *a)
{
	return a->state == AGENT_STARTING || a->state == AGENT_READY;
}

static void
send_jobs(struct pool *p, struct pool_agent *a)
{
	if (a->state == AGENT_OFF && a->waiting.n > 0)
		start(p, a);
	/* An agent that ended has perhaps more to say: its answers are read
	 * before it counts as gone. */
	if (is_running(a) && talk_send(a, silence(p)) == -1 &&
	    errno != EPIPE && errno != ECONNRESET)
		fail(p, a, strerror(errno), false);
	if (a->nopen > 0 && a->overdue == 0)
		a->overdue = jobs_overdue(a, p->controls->jobtimeout);
}

/* When this agent has to be looked at even if it says nothing. */
static clock_ms
next_look(const struct pool_agent *a)
{
	clock_ms t = CLOCK_NEVER;

	if (a->state == AGENT_STARTING || a->nopen > 0)
		t = a->deadline;
	if (a->nopen > 0 && a->overdue < t)
		t = a->overdue;
	return a->pause != 0 && a->pause < t ? a->pause : t;
}

/* Has it had a job for too long? Words do not renew that. */
static bool
is_overdue(const struct pool *p, struct pool_agent *a)
{
	if (a->nopen == 0 || clock_left(a->overdue) != 0)
		return false;
	a->overdue = jobs_overdue(a, p->controls->jobtimeout);
	return clock_left(a->overdue) == 0;
}

static void
look_at(struct pool *p, struct pool_agent *a, short events)
{
	const char *why = NULL;
	int r;

	if (events & (POLLIN | POLLHUP | POLLERR)) {
		r = talk_receive(p, a, silence(p), &why);
		if (r == 0)
			fail(p, a, a->state == AGENT_STARTING ?
				"ended before it was ready" :
				"ended without an answer", true);
		else if (r == -1)
			fail(p, a, why, false);
		else if (is_overdue(p, a))
			fail(p, a, "has had a job for too long", false);
		return;
	}
	if (is_overdue(p, a)) {
		fail(p, a, "has had a job for too long", false);
		return;
	}
	if ((a->state == AGENT_STARTING || a->nopen > 0) &&
	    clock_left(a->deadline) == 0)
		fail(p, a, a->state == AGENT_STARTING ?
			"is not ready in time" : "is silent", false);
}

void
pool_wait(struct pool *p, const sigset_t *mask, clock_ms latest)
{
	clock_ms until = latest;
	struct pollfd *fds;
	struct timespec t;
	size_t n = 0, i = 0;
	int left;

	for (struct pool_agent *a = p->agents; a != NULL; a = a->next, n++)
		send_jobs(p, a);
	if (n == 0 && p->watch_fd == -1)
		return;
	if ((fds = calloc(n + 1, sizeof *fds)) == NULL)
		die_temp("out of memory");
	for (struct pool_agent *a = p->agents; a != NULL; a = a->next, i++) {
		fds[i].fd = is_running(a) ? a->fd : -1;
		fds[i].events = POLLIN;
		if (a->sent < a->out.n && a->pause == 0)
			fds[i].events |= POLLOUT;
		if (is_running(a) && next_look(a) < until)
			until = next_look(a);
	}
	fds[i].fd = p->watch_fd;
	fds[i].events = POLLIN;
	/* Nobody to wait for: every job is over, or was never handed out. */
	left = p->finished != NULL || (p->njobs == 0 && p->watch_fd == -1) ?
	    0 : clock_left(until);
	t = (struct timespec){left / 1000, left % 1000 * 1000000L};
	if (ppoll(fds, n + 1, left < 0 ? NULL : &t, mask) == -1) {
		if (errno != EINTR)
			die_temp_errno("ppoll");
		free(fds);
		return;
	}
	i = 0;
	for (struct pool_agent *a = p->agents; a != NULL; a = a->next, i++)
		if (fds[i].fd != -1)
			look_at(p, a, fds[i].revents);
	free(fds);
}

void
pool_revive(struct pool *p)
{
	for (struct pool_agent *a = p->agents; a != NULL; a = a->next) {
		a->starts = is_running(a);
		if (a->state == AGENT_BROKEN)
			a->state = AGENT_OFF;
	}
}

void
pool_close(struct pool *p)
{
	/* All see the end of input before the first is waited for. */
	for (struct pool_agent *a = p->agents; a != NULL; a = a->next)
		if (a->fd != -1)
			close(a->fd);
	while (p->agents != NULL) {
		struct pool_agent *a = p->agents;
		int status;

		if (is_running(a) && child_wait(a->pid,
			clock_deadline(END_TIME), &status) == -1)
			log_warn("agent-end", "%s did not end and was killed",
			    a->program);
		p->agents = a->next;
		buf_free(&a->why);
		buf_free(&a->out);
		buf_free(&a->in);
		free(a);
	}
	buf_free(&p->beside);
}
