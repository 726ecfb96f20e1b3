/* agent_workers: see agent_workers.h. Here is decided who gets which job. */
#include "agent_workers.h"
#include "agent_keys.h"
#include "agent_worker.h"
#include "child.h"
#include "die.h"
#include "log.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROW	 100	/* jobs that a worker takes for its key out of turn */
#define END_TIME 10000	/* ms that idle workers have to take their leave */

static struct {
	struct agent *agent;
	struct agent_wire *wire;
	struct agent_pool *pool;
	struct worker *v;
	struct pollfd *polls;
	unsigned n;	 /* places */
	unsigned most;	 /* workers for keys that answer */
	unsigned probes; /* and for those of which that is not known */
	unsigned live, window;
	struct agent_job *first, **last; /* jobs that nobody has yet */
	size_t waiting;
	bool deaf; /* nobody reads our answers any more */
	void (*be_worker)(struct agent *, int fd);
} w;

static void
free_job(struct agent_job *job)
{
	job_give_back(w.pool, job);
	w.agent->open--;
}

/* --- from the runner --- */

static void
take_job(struct span line)
{
	struct agent_job *job = job_take(w.pool);
	struct worker_job *h;
	const char *why;

	if (line.n >= AGENT_LINE_MAX)
		agent_protocol_error("line too long", line);
	if ((why = job_parse(line, job)) != NULL)
		agent_protocol_error(why, line);
	if ((job->fd = wire_take_fd(w.wire)) == -1)
		agent_protocol_error("job without a descriptor", line);
	h = arena_zalloc(&job->arena, sizeof *h);
	/* Its newline stands behind it. */
	h->line = arena_dup(&job->arena, span_make(line.p, line.n + 1));
	h->left = job->nrcpts;
	if (w.agent->type->key_of != NULL)
		h->key = w.agent->type->key_of(&w.agent->controls, job);
	job->own = h;
	job->next = NULL;
	*w.last = job;
	w.last = &job->next;
	w.waiting++;
	w.agent->open++;
}

static bool
has_room(void)
{
	return w.agent->open < w.window && w.wire->out.n < AGENT_OUT_MAX &&
	    !w.deaf && !agent_stop_wanted();
}

static void
read_runner(void)
{
	const char *why = NULL;
	struct span line;

	while (has_room()) {
		if (wire_line(w.wire, &line)) {
			take_job(line);
			continue;
		}
		if (w.wire->eof)
			return;
		if (wire_fill(w.wire, &why) != -1)
			continue;
		if (errno == EPROTO)
			agent_protocol_error(why, span_make(NULL, 0));
		if (errno == EAGAIN)
			return;
		w.wire->eof = true;
	}
}

/* --- workers --- */

/* In the new process nothing may stay open that is not its own: it would hold
 * locks, and keep others from hearing of an end. */
static void
become(int fd)
{
	for (unsigned i = 0; i < w.n; i++) {
		if (w.v[i].fd != -1)
			close(w.v[i].fd);
		if (w.v[i].job != NULL && w.v[i].job->fd != -1)
			close(w.v[i].job->fd);
	}
	for (struct agent_job *j = w.first; j != NULL; j = j->next)
		close(j->fd);
	while (w.wire->nfds > 0)
		close(wire_take_fd(w.wire));
	dup2(fd, 0);
	dup2(fd, 1);
	close(fd);
	w.be_worker(w.agent, 0);
}

/* What its job still needs is said in its place. */
static void
bury(struct worker *k)
{
	struct agent_job *job = k->job;
	struct buf why = {0};

	worker_bury(k, &why);
	w.live--;
	k->job = NULL;
	if (job != NULL) {
		log_warn("agent-worker",
		    "the process that delivers %.*s is gone (%s)",
		    SPAN_ARG(job->id), buf_cstr(&why));
		agent_done_all(w.agent, job, OUTCOME_LATER, 451, "4.3.0",
		    arena_printf(&job->arena,
			"the delivering process is gone (%s)",
			buf_cstr(&why)));
		free_job(job);
	}
	buf_free(&why);
}

static void
listen_to(struct worker *k)
{
	bool gone;

	k->answered = false;
	gone = worker_receive(k, &w.wire->out) == -1;
	if (k->answered)
		keys_note(buf_span(&k->key));
	if (k->job != NULL && worker_job_of(k->job)->left == 0) {
		free_job(k->job);
		k->job = NULL;
	}
	if (gone)
		bury(k);
}

static void
talk_to(struct worker *k)
{
	if (worker_send(k) == -1)
		bury(k);
}

/* --- who gets which job --- */

static bool
same_key(const struct worker *k, struct span key)
{
	/* Domains in whatever spelling. */
	return span_ieq(buf_span(&k->key), key);
}

/* May one more worker deliver jobs of this key? */
static bool
key_has_room(struct span key)
{
	unsigned same = 0, probes = 0, others = 0;

	for (unsigned i = 0; i < w.n; i++) {
		const struct worker *k = &w.v[i];

		if (k->job == NULL)
			continue;
		same += same_key(k, key);
		probes += k->probe;
		others += !k->probe;
	}
	if (!keys_known(key))
		return same == 0 && probes < w.probes;
	return others < w.most && (key.n == 0 || same < (w.most + 1) / 2);
}

static void
give(struct worker *k, struct agent_job **at)
{
	struct agent_job *job = *at;
	struct span key = worker_job_of(job)->key;

	*at = job->next;
	if (job->next == NULL)
		w.last = at;
	w.waiting--;
	k->row = same_key(k, key) ? k->row + 1 : 0;
	buf_reset(&k->key);
	buf_put(&k->key, key);
	k->probe = !keys_known(key);
	k->job = job;
	k->sent = false;
	k->at = 0;
	talk_to(k);
}

/* The first job that is fit for k, NULL when none is. */
static struct agent_job **
find_job(const struct worker *k, bool same)
{
	struct agent_job **at;

	for (at = &w.first; *at != NULL; at = &(*at)->next) {
		struct span key = worker_job_of(*at)->key;

		if ((!same || same_key(k, key)) && key_has_room(key))
			return at;
	}
	return NULL;
}

/* Workers that wait, if living, or new ones; with same, of their key alone. */
static void
fill_places(bool living, bool same)
{
	for (unsigned i = 0; i < w.n && w.waiting > 0; i++) {
		struct worker *k = &w.v[i];
		struct agent_job **at;

		if (k->job != NULL || (k->fd != -1) != living)
			continue;
		/* Others wait, too. */
		if (same && k->row >= ROW && k->row < w.waiting)
			continue;
		if ((at = find_job(k, same)) == NULL && !same)
			return; /* nothing for anybody */
		if (at == NULL)
			continue;
		if (!living && worker_start(k, become) == -1) {
			log_warn("agent-worker", "cannot start: %s",
			    strerror(errno));
			return;
		}
		w.live += !living;
		give(k, at);
	}
}

/* Who has the key already; whoever has nothing to do; somebody new. */
static void
give_jobs(void)
{
	fill_places(true, true);
	fill_places(true, false);
	fill_places(false, false);
	if (w.live == 0 && w.waiting > 0)
		die_temp("no process for deliveries can be had");
}

/* --- the loop --- */

static void
set_polls(struct pollfd *p)
{
	p[0] = (struct pollfd){w.wire->fd, 0, 0};
	if (has_room() && !w.wire->eof)
		p[0].events |= POLLIN;
	if (wire_has_output(w.wire))
		p[0].events |= POLLOUT;
	/* A runner that is gone must not wake us for ever (POLLHUP). */
	if (p[0].events == 0)
		p[0].fd = -1;
	p[1] = (struct pollfd){agent_stop_wanted() ? -1 : agent_stop_fd(),
	    POLLIN, 0};
	for (unsigned i = 0; i < w.n; i++) {
		struct worker *k = &w.v[i];
		struct pollfd *q = &p[2 + i];

		*q = (struct pollfd){k->fd, 0, 0};
		if (w.wire->out.n < AGENT_OUT_MAX)
			q->events |= POLLIN;
		if (worker_must_send(k))
			q->events |= POLLOUT;
		if (q->events == 0)
			q->fd = -1;
	}
}

static void
wait_for_events(void)
{
	struct pollfd *p = w.polls;

	set_polls(p);
	if (poll(p, 2 + w.n, -1) == -1) {
		if (errno != EINTR)
			die_temp_errno("poll");
		return;
	}
	for (unsigned i = 0; i < w.n; i++) {
		struct worker *k = &w.v[i];
		short events = p[2 + i].revents;

		if ((events & POLLOUT) != 0)
			talk_to(k);
		if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 &&
		    k->fd != -1)
			listen_to(k);
	}
}

/* Jobs that nobody has begun are the runner's again. */
static void
drop_waiting(void)
{
	while (w.first != NULL) {
		struct agent_job *job = w.first;

		w.first = job->next;
		free_job(job);
	}
	w.last = &w.first;
	w.waiting = 0;
}

static void
init(struct agent *a, struct agent_pool *pool, unsigned window)
{
	w.agent = a;
	w.wire = a->wire;
	w.pool = pool;
	w.window = window;
	w.last = &w.first;
	w.most = a->type->workers_of(&a->controls);
	if (w.most > window)
		w.most = window;
	if (a->type->key_of != NULL)
		w.probes = 2 * w.most;
	w.n = w.most + w.probes;
	w.v = calloc(w.n, sizeof *w.v);
	w.polls = calloc(w.n + 2, sizeof *w.polls);
	if (w.v == NULL || w.polls == NULL)
		die_temp("out of memory");
	for (unsigned i = 0; i < w.n; i++)
		w.v[i].fd = -1;
}

static void
end_workers(void)
{
	clock_ms deadline = clock_deadline(END_TIME);
	int status;

	/* Whoever else may hold a copy of it. */
	for (unsigned i = 0; i < w.n; i++)
		if (w.v[i].fd != -1)
			shutdown(w.v[i].fd, SHUT_WR);
	for (unsigned i = 0; i < w.n; i++)
		if (w.v[i].fd != -1)
			(void)child_wait(w.v[i].pid, deadline, &status);
}

void
workers_serve(struct agent *a, struct agent_pool *pool, unsigned window,
    void (*be_worker)(struct agent *, int fd))
{
	init(a, pool, window);
	w.be_worker = be_worker;
	for (;;) {
		bool end;

		read_runner();
		if (agent_stop_wanted() || w.deaf)
			drop_waiting();
		give_jobs();
		if (wire_flush(w.wire) == -1)
			w.deaf = true;
		end = w.deaf || agent_stop_wanted() ||
		    (w.wire->eof && !wire_has_line(w.wire));
		if (a->open == 0 && end)
			break;
		wait_for_events();
	}
	end_workers();
}
