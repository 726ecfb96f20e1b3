/*
 * queuerun: one pass over what is due, then exit (queuerun(8)). The parent
 * finds the names, its workers share them; each entry is locked by the one
 * that works on it, so any number of runs may overlap.
 */
#include "clock.h"
#include "die.h"
#include "expire.h"
#include "id.h"
#include "log.h"
#include "num.h"
#include "option.h"
#include "pass.h"
#include "rate.h"
#include "schedule.h"
#include "supervise.h"
#include "watch.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS_MAX 256

static struct {
	const char **ids;
	size_t nids;
	bool flush, watch, now;
	int argc;
	char **argv;
} options;

static void
set_now(const char *value)
{
	uint64_t now;

	if (num_parse_max(span_of(value), 9999999999, &now) == -1)
		die_perm("--now %s: not a Unix time", value);
	clock_set_wall((int64_t)now);
	options.now = true;
}

static void
set_flush(const char *value)
{
	(void)value;
	options.flush = true;
}

static void
set_watch(const char *value)
{
	(void)value;
	options.watch = true;
}

static void
add_id(const char *value)
{
	void *v = realloc(options.ids,
	    (options.nids + 1) * sizeof *options.ids);

	if (v == NULL)
		die_temp("out of memory");
	if (!id_valid(span_of(value)))
		die_perm("--id %s: not an id", value);
	options.ids = v;
	options.ids[options.nids++] = value;
}

static const struct option_own own[] = {
    {"--now", true, set_now},
    {"--flush", false, set_flush},
    {"--id", true, add_id},
    {"-w", false, set_watch},
    {NULL, false, NULL},
};

static const struct option_program program = {
    .name = "queuerun",
    .usage = "[-w | [--now EPOCH] [--flush] [--id ID]...]",
    .doc = "Makes one pass over what is due in the queue and exits 0 when it\n"
	   "is complete, whatever the deliveries gave.\n"
	   "  --now EPOCH  Unix time to take for now\n"
	   "  --flush      everything is due\n"
	   "  --id ID      only this entry, due or not; may be repeated\n"
	   "  -w           stays, and delivers what comes as it comes\n",
    .own = own,
    .client_fd = -1,
};

/* The entries that were asked for, as far as they wait for delivery. */
static void
find_ids(struct queue *q, struct queue_names *names)
{
	bool *found = calloc(options.nids, sizeof *found);
	size_t n = 0;

	if (found == NULL)
		die_temp("out of memory");
	if (queue_find_ids(q, options.ids, options.nids, names, found) == -1)
		die_temp_errno("%s", q->dir);
	for (size_t i = 0; i < options.nids; i++)
		if (!found[i])
			log_warn("unknown-id", "%s is not in the queue",
			    options.ids[i]);
	for (size_t i = 0; i < names->n; i++) {
		const struct queue_name *name = &names->v[i];

		if (strcmp(name->place, "new") == 0 ||
		    strcmp(name->place, "due") == 0)
			names->v[n++] = *name;
		else
			log_warn("not-due", "%s is in %s and not tried",
			    name->id, name->place);
	}
	names->n = n;
	free(found);
}

static void
find_names(struct queue *q, const struct controls *c, const struct retry *r,
    struct queue_names *names)
{
	int64_t horizon = schedule_horizon(c, r);

	if (options.nids > 0)
		find_ids(q, names);
	else if (queue_scan(q, clock_wall(), horizon, options.flush, names) ==
	    -1)
		die_temp_errno("%s", q->dir);
}

static size_t
random_start(size_t n)
{
	uint64_t r;

	if (n < 2 || getrandom(&r, sizeof r, 0) != (ssize_t)sizeof r)
		return 0;
	return (size_t)(r % n);
}

static struct pass_shared *
share_memory(void)
{
	void *p = mmap(NULL, sizeof(struct pass_shared),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die_temp_errno("mmap");
	return p;
}

static void
tell(const pid_t *pids, size_t n, int sig)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] > 0)
			kill(pids[i], sig);
}

/* Waits for the workers and passes signals on; false when one of them did
 * not come to its end. */
static bool
wait_for_workers(pid_t *pids, size_t n, const sigset_t *signals)
{
	struct timespec tick = {1, 0};
	size_t left = n;
	bool good = true;

	while (left > 0) {
		int status, sig;
		pid_t pid;

		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			for (size_t i = 0; i < n; i++)
				if (pids[i] == pid)
					pids[i] = -1;
			left--;
			good = good && WIFEXITED(status) &&
			    WEXITSTATUS(status) == 0;
		}
		if (pid == -1 && errno != EINTR)
			return good && left == 0;
		sig = left > 0 ? sigtimedwait(signals, NULL, &tick) : 0;
		if (sig == SIGTERM || sig == SIGINT)
			tell(pids, n, SIGTERM);
	}
	return good;
}

static bool
run_workers(struct pass_job *job, size_t workers)
{
	pid_t pids[WORKERS_MAX];
	sigset_t signals;
	size_t n;

	if (workers > WORKERS_MAX)
		workers = WORKERS_MAX;
	if (workers > job->names->n)
		workers = job->names->n;
	if (workers < 2) {
		pass_run(job);
		return true;
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	for (n = 0; n < workers; n++) {
		pids[n] = fork();
		if (pids[n] == -1) {
			log_warn("fork", "%s", strerror(errno));
			break;
		}
		if (pids[n] == 0) {
			pass_run(job);
			_exit(0);
		}
	}
	if (n == 0)
		die_temp("no worker could be started");
	return wait_for_workers(pids, n, &signals);
}

static void
log_pass(const struct pass_shared *shared, size_t due, clock_ms started)
{
	const struct settle_counts *c = &shared->counts;
	clock_ms ms = clock_mono() - started;
	struct log l;

	log_open(&l, "pass");
	log_num(&l, "due", (int64_t)due);
	log_num(&l, "delivered", (int64_t)c->delivered);
	log_num(&l, "later", (int64_t)c->later);
	log_num(&l, "failed", (int64_t)c->failed);
	if (c->untried > 0)
		log_num(&l, "untried", (int64_t)c->untried);
	if (shared->ended)
		log_str(&l, "ended", "runtime");
	log_printf(&l, "seconds", "%lld.%03d", (long long)(ms / 1000),
	    (int)(ms % 1000));
	log_send(&l);
}

/* Opens the queue, and prepares this process for a pass over it. */
static void
prepare(struct pass_job *job, struct queue *q, struct controls *c)
{
	if (retry_parse(c->retry, &job->retry) == -1)
		die_temp("retry: neither first interval, factor, longest "
			 "interval, nor a list of intervals");
	pass_raise_files();
	if (queue_open(q, c->queuedir) == -1)
		die_temp_errno("queue %s", c->queuedir);
	q->spill = c->amqpspill;
	pass_catch_signals();
	queue_sweep(q);
	rate_sweep(q);
	expire_quarantines(q, c);
	job->q = q;
	job->controls = c;
	job->shared = share_memory();
	job->end = CLOCK_NEVER;
	job->all = options.flush || options.nids > 0;
}

static int
run_once(struct controls *c)
{
	static struct queue_names names;
	struct pass_job job = {.names = &names};
	clock_ms started = clock_mono();
	struct queue q;
	bool good;

	prepare(&job, &q, c);
	job.end = clock_deadline(c->runtime);
	find_names(&q, c, &job.retry, &names);
	while (job.nnew < names.n &&
	    strcmp(names.v[job.nnew].place, "new") == 0)
		job.nnew++;
	job.start_new = random_start(job.nnew);
	job.start_due = random_start(names.n - job.nnew);
	good = run_workers(&job, (size_t)c->workers);
	log_pass(job.shared, names.n, started);
	queue_names_free(&names);
	free(options.ids);
	if (!good || job.shared->counts.trouble > 0)
		return EXIT_TEMP;
	return 0;
}

static struct controls controls;

/* A worker of queuerun -w. */
static int
stay(size_t part, size_t parts)
{
	struct pass_job job = {0};
	struct queue q;

	prepare(&job, &q, &controls);
	supervise_follow();
	job.watch = watch_open(&q, (unsigned)part, (unsigned)parts,
	    schedule_horizon(&controls, &job.retry));
	if (job.watch == NULL)
		die_temp_errno("inotify, %s/new", q.dir);
	pass_run(&job);
	watch_close(job.watch);
	return 0;
}

/* As this program was called, would it start now? */
static bool
usable(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct controls c = {0};
		struct retry r;

		option_parse(&program, options.argc, options.argv, &c);
		_exit(retry_parse(c.retry, &r) == -1 ? EXIT_TEMP : 0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid &&
	    WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int
main(int argc, char **argv)
{
	options.argc = argc;
	options.argv = argv;
	if (option_parse(&program, argc, argv, &controls) != argc)
		die_perm("queuerun takes options only");
	if (!options.watch)
		return run_once(&controls);
	if (options.now || options.flush || options.nids > 0)
		die_perm("-w goes with neither --now, --flush nor --id");
	return supervise(&(struct supervise){.controls = &controls,
	    .workers = (size_t)controls.workers, .argv = argv,
	    .usable = usable, .work = stay});
}
