/*
 * child: other programs, started by posix_spawn(3). Every descriptor of ours
 * is close-on-exec, so a child gets exactly what is named here: a forgotten
 * one would hold an entry's lock.
 */
#ifndef CHILD_H
#define CHILD_H

#include "clock.h"
#include <sys/types.h>

struct child_fd {
	int from, to; /* dup2(from, to) in the child */
};

/*
 * argv[0] is a path, or is looked for in PATH. envp NULL means our own.
 * Returns the pid, or -1 and errno. Signals are at their defaults in the
 * child, and none is blocked.
 */
pid_t child_spawn(const char *const argv[], const char *const envp[],
    const struct child_fd *fds, size_t nfds);

/* The same in a process group of its own, whose number is the pid: what it
 * starts can be killed with it. */
pid_t child_spawn_group(const char *const argv[], const char *const envp[],
    const struct child_fd *fds, size_t nfds);

/* A descriptor that is readable when pid has ended, or -1: the kernel is old,
 * or there is no room for one. */
int child_pidfd(pid_t pid);

/*
 * Waits for pid until the deadline; afterwards it is killed and reaped. The
 * wait status goes to *status: 0. -1 and ETIMEDOUT after a kill.
 */
int child_wait(pid_t pid, clock_ms deadline, int *status);

/* SIGKILL and reap. */
void child_kill(pid_t pid);

#endif
