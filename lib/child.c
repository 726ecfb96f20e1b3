/* child: see child.h. */
#include "child.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static pid_t
spawn(const char *const argv[], const char *const envp[],
    const struct child_fd *fds, size_t nfds, short flags)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, all;
	pid_t pid = -1;
	int e;

	sigemptyset(&none);
	sigfillset(&all);
	if ((e = posix_spawn_file_actions_init(&actions)) != 0)
		goto out;
	if ((e = posix_spawnattr_init(&attr)) != 0)
		goto out_actions;
	posix_spawnattr_setflags(&attr, (short)(flags |
	    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK));
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setsigmask(&attr, &none);
	for (size_t i = 0; i < nfds && e == 0; i++)
		e = posix_spawn_file_actions_adddup2(&actions, fds[i].from,
		    fds[i].to);
	if (e == 0)
		e = posix_spawnp(&pid, argv[0], &actions, &attr,
		    (char *const *)argv,
		    envp ? (char *const *)envp : environ);
	posix_spawnattr_destroy(&attr);
out_actions:
	posix_spawn_file_actions_destroy(&actions);
out:
	if (e == 0)
		return pid;
	errno = e;
	return -1;
}

pid_t
child_spawn(const char *const argv[], const char *const envp[],
    const struct child_fd *fds, size_t nfds)
{
	return spawn(argv, envp, fds, nfds, 0);
}

pid_t
child_spawn_group(const char *const argv[], const char *const envp[],
    const struct child_fd *fds, size_t nfds)
{
	/* The group's number is 0 in the attributes: its own. */
	return spawn(argv, envp, fds, nfds, POSIX_SPAWN_SETPGROUP);
}

int
child_pidfd(pid_t pid)
{
	/* Debian 12's kernels have pidfd_open(2), which sets close-on-exec;
	 * its musl has no wrapper. */
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static int
reap(pid_t pid, int *status)
{
	pid_t r;

	do
		r = waitpid(pid, status, 0);
	while (r == -1 && errno == EINTR);
	return r == pid ? 0 : -1;
}

void
child_kill(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	reap(pid, &status);
}

/* Without a descriptor to wait for (none is left, or the kernel is old). The
 * child never survives the call: it may hold an entry's lock. */
static int
wait_slowly(pid_t pid, clock_ms deadline, int *status)
{
	for (;;) {
		pid_t r = waitpid(pid, status, WNOHANG);

		if (r == pid)
			return 0;
		if ((r == -1 && errno != EINTR) || clock_left(deadline) == 0)
			break;
		poll(NULL, 0, 10);
	}
	child_kill(pid);
	errno = ETIMEDOUT;
	return -1;
}

int
child_wait(pid_t pid, clock_ms deadline, int *status)
{
	struct pollfd p = {-1, POLLIN, 0};
	int n;

	if (deadline == CLOCK_NEVER)
		return reap(pid, status);
	p.fd = child_pidfd(pid);
	if (p.fd == -1)
		return wait_slowly(pid, deadline, status);
	do
		n = poll(&p, 1, clock_left(deadline));
	while (n == -1 && errno == EINTR);
	close(p.fd);
	if (n > 0)
		return reap(pid, status);
	child_kill(pid);
	errno = ETIMEDOUT;
	return -1;
}
