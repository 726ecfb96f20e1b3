/*
 * agent: see agent.h. One loop: take jobs while there are any, let the agent
 * settle when there are none, send the answers, wait. A job that was taken is
 * answered whatever happens; one that was not is the runner's again.
 */
#include "agent.h"
#include "agent_workers.h"
#include "die.h"
#include "log.h"
#include "option.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define TEXT_MAX   1000	  /* of an answer's text */
#define OUT_ENOUGH 2048	  /* answers worth a send while there is work */
/* Descriptors that are not a job's: the agent's own files and directories. */
#define FDS_OWN	   256

static struct agent_wire wire;
static struct agent_pool pool;
static int stop_fd;
static volatile sig_atomic_t stop_wanted;

static const char *const outcome_names[] = {
    [OUTCOME_OK] = "ok",
    [OUTCOME_LATER] = "later",
    [OUTCOME_FAIL] = "fail",
};

void
agent_done(struct agent *a, struct agent_job *job, size_t rcpt,
    enum outcome outcome, int code, const char *enhanced, struct span text)
{
	struct buf *out = &a->wire->out;

	if (rcpt >= job->nrcpts || job->rcpts[rcpt].answered)
		die_bug("recipient %zu of job %llu is answered twice", rcpt,
		    (unsigned long long)job->number);
	job->rcpts[rcpt].answered = true;
	buf_puts(out, "done ");
	buf_putu(out, job->number);
	buf_putc(out, ' ');
	buf_putu(out, rcpt);
	buf_putc(out, ' ');
	buf_puts(out, outcome_names[outcome]);
	buf_putc(out, ' ');
	buf_putu(out, (unsigned)code);
	buf_putc(out, ' ');
	buf_puts(out, enhanced);
	buf_putc(out, ' ');
	escape_put(out, text.n ? span_head(text, TEXT_MAX) :
				 span_of(outcome_names[outcome]));
	buf_putc(out, '\n');
}

void
agent_note(struct agent *a, struct agent_job *job, size_t rcpt,
    const char *key, struct span value)
{
	struct buf *out = &a->wire->out;

	if (value.n == 0)
		return;
	buf_puts(out, "note ");
	buf_putu(out, job->number);
	buf_putc(out, ' ');
	buf_putu(out, rcpt);
	buf_putc(out, ' ');
	buf_puts(out, key);
	buf_putc(out, '=');
	escape_put(out, span_head(value, TEXT_MAX));
	buf_putc(out, '\n');
}

void
agent_done_all(struct agent *a, struct agent_job *job, enum outcome outcome,
    int code, const char *enhanced, struct span text)
{
	for (size_t i = 0; i < job->nrcpts; i++)
		if (!job->rcpts[i].answered)
			agent_done(a, job, i, outcome, code, enhanced, text);
}

void
agent_flush(struct agent *a)
{
	(void)wire_flush(a->wire);
}

void
agent_busy(struct agent *a, unsigned seconds, struct span text)
{
	struct buf *out = &a->wire->out;

	buf_puts(out, "busy ");
	buf_putu(out, seconds);
	buf_putc(out, ' ');
	escape_put(out, text.n ? span_head(text, TEXT_MAX) : SPAN("busy"));
	buf_putc(out, '\n');
}

void
agent_job_free(struct agent *a, struct agent_job *job)
{
	agent_done_all(a, job, OUTCOME_LATER, 451, "4.3.0",
	    SPAN("the agent has no answer"));
	job_give_back(&pool, job);
	a->open--;
}

struct span
agent_job_field(const struct agent_job *job, struct span key)
{
	for (size_t i = 0; i < job->nfields; i++)
		if (span_eq(job->fields[i].key, key))
			return job->fields[i].value;
	return span_make(NULL, 0);
}

/* What was taken before is not answered: the runner takes it for "later". */
_Noreturn void
agent_protocol_error(const char *why, struct span line)
{
	struct log l;

	log_open_at(&l, LOG_ERR, "agent-protocol");
	log_str(&l, "text", why);
	if (line.p != NULL)
		log_span(&l, "line", span_head(line, 256));
	log_send(&l);
	_exit(EXIT_TEMP);
}

static void
take_job(struct agent *a, struct span line)
{
	struct agent_job *job = job_take(&pool);
	const char *why;

	if (line.n >= AGENT_LINE_MAX)
		agent_protocol_error("line too long", line);
	if ((why = job_parse(line, job)) != NULL)
		agent_protocol_error(why, line);
	if ((job->fd = wire_take_fd(a->wire)) == -1)
		agent_protocol_error("job without a descriptor", line);
	a->open++;
	if ((why = job_load(job)) != NULL) {
		log_warn("agent-entry", "entry %.*s: %s", SPAN_ARG(job->id),
		    why);
		agent_done_all(a, job, OUTCOME_LATER, 451, "4.3.0",
		    arena_printf(&job->arena, "damaged entry: %s", why));
		agent_job_free(a, job);
		return;
	}
	a->type->deliver(a, job);
}

/* Takes what has been read, up to the window. */
static void
take_jobs(struct agent *a, unsigned window)
{
	struct span line;

	while (a->open < window && !stop_wanted &&
	    a->wire->out.n < AGENT_OUT_MAX && wire_line(a->wire, &line))
		take_job(a, line);
}

/* Waits for input, room for output, the agent's own descriptor, a signal. */
static void
wait_for_events(struct agent *a, bool read_more)
{
	struct pollfd p[3] = {
	    {a->wire->fd, 0, 0}, {stop_fd, POLLIN, 0}, {-1, POLLIN, 0}};
	clock_ms deadline = CLOCK_NEVER;
	int n;

	if (read_more)
		p[0].events |= POLLIN;
	if (wire_has_output(a->wire))
		p[0].events |= POLLOUT;
	/* A runner that is gone must not wake us for ever (POLLHUP). */
	if (p[0].events == 0)
		p[0].fd = -1;
	if (a->type->poll_fd != NULL)
		p[2].fd = a->type->poll_fd(a, &deadline);
	n = poll(p, 3, clock_left(deadline));
	if (n == -1 && errno != EINTR)
		die_temp_errno("poll");
	if (a->type->ready != NULL && (p[2].revents != 0 ||
	    (deadline != CLOCK_NEVER && clock_left(deadline) == 0)))
		a->type->ready(a);
}

/* Reads on: true when it is worth looking for jobs at once. */
static bool
read_more(struct agent *a)
{
	const char *why = NULL;
	int n = wire_fill(a->wire, &why);

	if (n == -1 && errno == EPROTO)
		agent_protocol_error(why, span_make(NULL, 0));
	if (n == -1 && errno != EAGAIN) {
		a->wire->eof = true;
		return false;
	}
	return n == 1;
}

/* May anything still happen without the runner? */
static bool
in_hand(struct agent *a)
{
	return a->open > 0 && a->type->poll_fd != NULL;
}

static void
work(struct agent *a, unsigned window)
{
	struct agent_wire *w = a->wire;

	while (!stop_wanted) {
		bool room;

		take_jobs(a, window);
		if (w->out.n - w->sent >= OUT_ENOUGH && wire_flush(w) == -1)
			return;
		room = a->open < window && w->out.n < AGENT_OUT_MAX;
		if (room && !w->eof && read_more(a))
			continue;
		if (a->open > 0 && a->type->settle != NULL)
			a->type->settle(a);
		if (wire_flush(w) == -1)
			return;
		room = a->open < window && w->out.n < AGENT_OUT_MAX;
		if (room && wire_has_line(w))
			continue;
		if (w->eof && !in_hand(a) && !wire_has_output(w))
			return;
		wait_for_events(a, room && !w->eof);
	}
}

/* The answers to what was in hand, as long as somebody takes them. */
static void
send_rest(struct agent_wire *w)
{
	while (wire_flush(w) == 0 && wire_has_output(w)) {
		struct pollfd p = {w->fd, POLLOUT, 0};

		if (poll(&p, 1, -1) == -1 && errno != EINTR)
			return;
	}
}

static void
on_stop(int sig)
{
	int e = errno;

	(void)sig;
	stop_wanted = 1;
	eventfd_write(stop_fd, 1);
	errno = e;
}

bool
agent_stop_wanted(void)
{
	return stop_wanted;
}

int
agent_stop_fd(void)
{
	return stop_fd;
}

static void
set_signals(void)
{
	struct sigaction sa = {.sa_handler = on_stop, .sa_flags = SA_RESTART};

	if ((stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) == -1)
		die_temp_errno("eventfd");
	sigaction(SIGTERM, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
	sigaction(SIGXFSZ, &sa, NULL); /* a full disk like any other */
}

/* As many descriptors as we may have; the window is what they allow. */
static unsigned
fit_window(unsigned window)
{
	struct rlimit r;
	rlim_t jobs;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1)
		return window;
	r.rlim_cur = r.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &r) == -1 &&
	    getrlimit(RLIMIT_NOFILE, &r) == -1)
		return window;
	if (r.rlim_cur == RLIM_INFINITY || r.rlim_cur > FDS_OWN + 2 * window)
		return window;
	/* The descriptors of jobs that were sent and not yet taken, too. */
	jobs = r.rlim_cur / 8;
	if (jobs < window)
		window = (unsigned)jobs;
	return window ? window : 1;
}

static void
check_socket(const char *name)
{
	int domain = 0, type = 0;
	socklen_t n = sizeof domain;

	if (getsockopt(0, SOL_SOCKET, SO_DOMAIN, &domain, &n) == -1 ||
	    domain != AF_UNIX ||
	    getsockopt(0, SOL_SOCKET, SO_TYPE, &type, &n) == -1 ||
	    type != SOCK_STREAM)
		die_perm("%s is started by queuerun: fd 0 is not its socket "
			 "(smtpe-agent(7))",
		    name);
}

static unsigned
window_of(const struct agent *a)
{
	const struct agent_type *t = a->type;
	unsigned n = t->window_of != NULL ? t->window_of(&a->controls) :
					    t->window;

	if (t->workers_of != NULL)
		n *= t->workers_of(&a->controls);
	return fit_window(n ? n : 1);
}

/* Until the runner is gone. */
static void
serve(struct agent *a, unsigned window)
{
	work(a, window);
	if (a->type->settle != NULL && a->open > 0)
		a->type->settle(a);
	if (a->type->finish != NULL)
		a->type->finish(a);
	send_rest(a->wire);
}

/* A worker's whole life; its runner is the process that forked it. */
static void
be_worker(struct agent *a, int fd)
{
	/* What was said to the one that forked us was not said to us. */
	stop_wanted = 0;
	close(stop_fd);
	set_signals();
	pool = (struct agent_pool){0};
	a->open = 0;
	wire_init(&wire, fd);
	serve(a, 1);
}

int
agent_main(int argc, char **argv, const struct agent_type *type)
{
	static struct agent a;
	const struct option_program program = {.name = type->name,
	    .usage = "", .doc = type->doc, .client_fd = -1};
	unsigned window;

	a.type = type;
	a.wire = &wire;
	if (option_parse(&program, argc, argv, &a.controls) != argc)
		die_perm("%s takes options only", type->name);
	check_socket(type->name);
	set_signals();
	window = window_of(&a);
	wire_init(&wire, 0);
	if (type->start != NULL)
		type->start(&a);
	buf_printf(&wire.out, "ready 1 %u\n", window);
	if (type->workers_of == NULL) {
		serve(&a, window);
		return 0;
	}
	workers_serve(&a, &pool, window, be_worker);
	send_rest(&wire);
	return 0;
}
