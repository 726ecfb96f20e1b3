/*
 * hook_process: os.execute and io.popen under the hook's time limit. The
 * command is /bin/sh's, in a process group of its own that is killed when
 * time is over; its standard input is /dev/null (never the client) and its
 * standard output our standard error, unless it is the pipe.
 */
#include "child.h"
#include "mod.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A file handle of Lua's with the process behind it. */
struct popen {
	luaL_Stream stream; /* first: liolib knows only this */
	pid_t pid;
	int fd;
	bool reading;
};

/* Starts sh -c command with `in' and `out' as its fds 0 and 1; -1 is
 * /dev/null and our standard error. */
static pid_t
spawn(const char *command, int in, int out)
{
	const char *argv[] = {"/bin/sh", "-c", command, NULL};
	int null = in >= 0 ? -1 : open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct child_fd fds[] = {{in >= 0 ? in : null, 0},
	    {out >= 0 ? out : 2, 1}};
	pid_t pid = -1;
	int e;

	/* What the script opened by io.open is not close-on-exec. */
	syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC);
	if (fds[0].from >= 0)
		pid = child_spawn_group(argv, NULL, fds, 2);
	e = errno;
	if (null >= 0)
		close(null);
	errno = e;
	return pid;
}

/* Has pid ended before the hook must? */
static bool
ended(pid_t pid)
{
	struct pollfd p = {-1, POLLIN, 0};
	siginfo_t info;
	int n;

	p.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	do {
		if (p.fd != -1)
			n = poll(&p, 1, clock_left(hook_limit_deadline()));
		else /* no descriptor left */
			n = waitid(P_PID, (id_t)pid, &info,
				WEXITED | WNOWAIT) + 1;
	} while (n != 1 && errno == EINTR && !hook_limit_struck());
	if (p.fd != -1)
		close(p.fd);
	return n == 1;
}

/*
 * Waits for pid until the hook's end and kills its group there. Returns its
 * wait status, or -1 and errno.
 */
static int
finish(pid_t pid)
{
	int status = -1;

	if (!hook_limit_running() || !ended(pid))
		kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return -1;
	return status;
}

/* The three results of os.execute and of closing a pipe. */
static int
push_status(lua_State *L, int status)
{
	hook_limit_check(L);
	if (status == -1)
		return luaL_fileresult(L, 0, NULL);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		lua_pushboolean(L, 1);
	else
		luaL_pushfail(L);
	lua_pushstring(L, WIFSIGNALED(status) ? "signal" : "exit");
	lua_pushinteger(L,
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return 3;
}

/* os.execute([command]) -> true | nil, "exit" or "signal", number */
static int
execute(lua_State *L)
{
	const char *command = luaL_optstring(L, 1, NULL);
	pid_t pid;

	if (command == NULL) {
		lua_pushboolean(L, 1);
		return 1;
	}
	if ((pid = spawn(command, -1, -1)) == -1)
		return luaL_fileresult(L, 0, "/bin/sh");
	return push_status(L, finish(pid));
}

/* Waits for the pipe until the hook's end. */
static int
ready(int fd, short events)
{
	struct pollfd p = {fd, events, 0};
	int n;

	do {
		int left = clock_left(hook_limit_deadline());

		n = left == 0 ? 0 : poll(&p, 1, left);
	} while (n == -1 && errno == EINTR && !hook_limit_struck());
	if (n > 0)
		return 0;
	if (n == 0)
		errno = ETIMEDOUT;
	hook_limit_waited();
	return -1;
}

static ssize_t
pipe_read(void *cookie, char *to, size_t n)
{
	struct popen *p = cookie;

	return ready(p->fd, POLLIN) == 0 ? read(p->fd, to, n) : -1;
}

/* All of it: to the C libraries a short write is an error. */
static ssize_t
pipe_write(void *cookie, const char *from, size_t n)
{
	struct popen *p = cookie;
	size_t done = 0;

	while (done < n) {
		ssize_t w = -1;

		if (ready(p->fd, POLLOUT) == -1)
			return done > 0 ? (ssize_t)done : -1;
		w = write(p->fd, from + done, n - done);
		if (w > 0)
			done += (size_t)w;
		else if (errno != EAGAIN && errno != EINTR)
			return done > 0 ? (ssize_t)done : -1;
	}
	return (ssize_t)done;
}

static int
pipe_close(void *cookie)
{
	struct popen *p = cookie;

	return close(p->fd);
}

/* Has the collector called us? */
static bool
collected(lua_State *L)
{
	lua_Debug ar;

	return lua_getstack(L, 0, &ar) && lua_getinfo(L, "n", &ar) &&
	    ar.name != NULL && strcmp(ar.name, "__gc") == 0;
}

/*
 * closef of the handle. A pipe that the script forgot is not waited for: who
 * writes into it is killed, who reads from it gets what was written and its
 * end.
 */
static int
popen_end(lua_State *L)
{
	struct popen *p = luaL_checkudata(L, 1, LUA_FILEHANDLE);

	fclose(p->stream.f);
	if (!collected(L))
		return push_status(L, finish(p->pid));
	if (p->reading)
		kill(-p->pid, SIGKILL);
	waitpid(p->pid, NULL, p->reading ? 0 : WNOHANG);
	return 0;
}

/* A pipe to or from a new shell: the FILE, or NULL and errno. */
static FILE *
popen_start(struct popen *p, const char *command)
{
	static const cookie_io_functions_t io = {pipe_read, pipe_write, NULL,
	    pipe_close};
	bool reading = p->reading;
	int fds[2], theirs;
	FILE *f;

	if (pipe2(fds, O_CLOEXEC) == -1)
		return NULL;
	p->fd = fds[reading ? 0 : 1];
	theirs = fds[reading ? 1 : 0];
	if (!reading) {
		/* A write that the pipe has no room for must not block, and
		 * a reader that has gone must not end us. */
		fcntl(p->fd, F_SETFL, O_NONBLOCK);
		signal(SIGPIPE, SIG_IGN);
	}
	if ((f = fopencookie(p, reading ? "r" : "w", io)) == NULL) {
		close(fds[0]);
		close(fds[1]);
		return NULL;
	}
	p->pid = spawn(command, reading ? -1 : theirs, reading ? theirs : -1);
	close(theirs);
	if (p->pid != -1)
		return f;
	fclose(f);
	return NULL;
}

/* io.popen(command [, "r" or "w"]) -> file | nil, error */
static int
io_popen(lua_State *L)
{
	const char *command = luaL_checkstring(L, 1);
	const char *mode = luaL_optstring(L, 2, "r");
	struct popen *p;

	luaL_argcheck(L, strcmp(mode, "r") == 0 || strcmp(mode, "w") == 0, 2,
	    "invalid mode");
	p = lua_newuserdatauv(L, sizeof *p, 0);
	/* A closed handle, until there is something to close. */
	*p = (struct popen){{NULL, NULL}, -1, -1, *mode == 'r'};
	luaL_setmetatable(L, LUA_FILEHANDLE);
	p->stream.f = popen_start(p, command);
	if (p->stream.f == NULL)
		return luaL_fileresult(L, 0, command);
	p->stream.closef = popen_end;
	return 1;
}

void
hook_process_execute(lua_State *L)
{
	lua_pushcfunction(L, execute);
	lua_setfield(L, -2, "execute");
}

void
hook_process_popen(lua_State *L)
{
	lua_pushcfunction(L, io_popen);
	lua_setfield(L, -2, "popen");
}
