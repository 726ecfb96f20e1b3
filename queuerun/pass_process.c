/*
 * pass_process: what a worker is as a process: its signals and descriptors
 * (pass.h, pass_room.h).
 */
#include "pass_room.h"
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

/* Descriptors of an entry: its own, and the one for marks. */
#define ENTRY_FDS 2
/* Those of directories, tables, agents, the log. */
#define OTHER_FDS 64

static volatile sig_atomic_t stop_wanted;
sigset_t pass_wait_mask;

static void
on_stop(int sig)
{
	(void)sig;
	stop_wanted = 1;
}

void
pass_catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_stop};
	sigset_t block;

	/* Delivered only while pool_wait() waits. */
	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigaddset(&block, SIGINT);
	sigprocmask(SIG_BLOCK, &block, &pass_wait_mask);
	sigdelset(&pass_wait_mask, SIGTERM);
	sigdelset(&pass_wait_mask, SIGINT);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
	sigaction(SIGXFSZ, &sa, NULL);
}

bool
pass_stopped(void)
{
	sigset_t pending;

	if (!stop_wanted && sigpending(&pending) == 0 &&
	    (sigismember(&pending, SIGTERM) == 1 ||
		sigismember(&pending, SIGINT) == 1))
		stop_wanted = 1;
	return stop_wanted;
}

void
pass_raise_files(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1)
		return;
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

size_t
pass_entries_allowed(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1 || r.rlim_cur > 65536)
		r.rlim_cur = 65536;
	if (r.rlim_cur < OTHER_FDS + 4 * ENTRY_FDS)
		return 4;
	return (size_t)(r.rlim_cur - OTHER_FDS) / ENTRY_FDS;
}
