/* supervise: see supervise.h. */
#include "supervise.h"
#include "clock.h"
#include "die.h"
#include "log.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS_MAX 256
#define AGAIN_MS    1000 /* a worker that ended badly waits so long */
#define QUIET_MS    200	 /* after a change, for those that belong to it */

struct worker {
	pid_t pid; /* 0: none */
	clock_ms start; /* not before */
};

static volatile sig_atomic_t got_stop, got_hup, got_child;
static pid_t above; /* in a worker */

static void
on_signal(int sig)
{
	if (sig == SIGCHLD)
		got_child = 1;
	else if (sig == SIGHUP)
		got_hup = 1;
	else
		got_stop = 1;
}

/* Delivered only while it waits; mask is what is blocked then. */
static void
catch_signals(sigset_t *before, sigset_t *mask)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
	struct sigaction sa = {.sa_handler = on_signal};
	sigset_t block;

	sigemptyset(&block);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		sigaddset(&block, signals[i]);
		sigaction(signals[i], &sa, NULL);
	}
	sigprocmask(SIG_BLOCK, &block, before);
	*mask = *before;
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigdelset(mask, signals[i]);
}

/* Settings that change are written, or renamed into place, or removed. -1
 * where there is no such directory. */
static int
watch_controls(const char *dir)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd != -1 && inotify_add_watch(fd, dir, IN_CLOSE_WRITE |
		IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR) == -1) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void
drain(int fd)
{
	char block[4096];

	while (fd != -1 && read(fd, block, sizeof block) > 0)
		continue;
}

void
supervise_follow(void)
{
	/* Nobody stays behind without somebody above it, who may have gone
	 * before this was said. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != above)
		raise(SIGTERM);
}

static void
start_worker(const struct supervise *s, struct worker *w, size_t part,
    const sigset_t *before)
{
	pid_t pid;

	above = getpid();
	pid = fork();
	if (pid == -1) {
		log_warn("fork", "%s", strerror(errno));
		w->start = clock_deadline(AGAIN_MS);
		return;
	}
	if (pid == 0) {
		supervise_follow();
		signal(SIGHUP, SIG_IGN);
		signal(SIGCHLD, SIG_DFL);
		sigprocmask(SIG_SETMASK, before, NULL);
		_exit(s->work(part, s->workers));
	}
	w->pid = pid;
}

/* Starts those that are missing: when the next one may be. */
static clock_ms
start_workers(const struct supervise *s, struct worker *w,
    const sigset_t *before)
{
	clock_ms next = CLOCK_NEVER;

	for (size_t i = 0; i < s->workers; i++) {
		if (w[i].pid != 0)
			continue;
		if (clock_left(w[i].start) == 0 || w[i].start == 0)
			start_worker(s, &w[i], i, before);
		if (w[i].pid == 0 && w[i].start < next)
			next = w[i].start;
	}
	return next;
}

static size_t
reap(const struct supervise *s, struct worker *w)
{
	size_t left = 0;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < s->workers; i++) {
			if (w[i].pid != pid)
				continue;
			w[i].pid = 0;
			w[i].start = clock_deadline(AGAIN_MS);
			if (got_stop)
				continue;
			log_warn("worker-ended", "%s %d",
			    WIFSIGNALED(status) ? "signal" : "exit",
			    WIFSIGNALED(status) ? WTERMSIG(status) :
						  WEXITSTATUS(status));
		}
	for (size_t i = 0; i < s->workers; i++)
		left += w[i].pid != 0;
	return left;
}

static void
tell(const struct supervise *s, const struct worker *w, int sig)
{
	for (size_t i = 0; i < s->workers; i++)
		if (w[i].pid != 0)
			kill(w[i].pid, sig);
}

/* The same program once more: it starts workers with the new controls, and
 * the old ones, still its children, come to their end. */
static void
reload(const struct supervise *s, const struct worker *w, int fd)
{
	struct timespec quiet = {0, QUIET_MS * 1000000L};

	nanosleep(&quiet, NULL);
	drain(fd);
	got_hup = 0;
	if (!s->usable())
		return;
	log_warn("reload", "the controls are read again");
	tell(s, w, SIGTERM);
	execv("/proc/self/exe", s->argv);
	log_warn("reload", "%s", strerror(errno));
}

int
supervise(const struct supervise *given)
{
	struct supervise s = *given;
	struct worker w[WORKERS_MAX] = {{0}};
	int fd = watch_controls(s.controls->dir);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	sigset_t before, mask;
	size_t left = 0;

	if (s.workers > WORKERS_MAX)
		s.workers = WORKERS_MAX;
	if (s.workers == 0)
		s.workers = 1;
	catch_signals(&before, &mask);
	do {
		clock_ms next = got_stop ? CLOCK_NEVER :
		    start_workers(&s, w, &before);
		int ms = clock_left(next), n;
		struct timespec t = {ms / 1000, ms % 1000 * 1000000L};

		n = ppoll(&p, 1, ms < 0 ? NULL : &t, &mask);
		if ((n > 0 || got_hup) && !got_stop)
			reload(&s, w, fd);
		if (got_stop)
			tell(&s, w, SIGTERM);
		left = reap(&s, w);
	} while (!got_stop || left > 0);
	return 0;
}
