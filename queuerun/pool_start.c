/* pool_start: see pool_start.h. */
#include "pool_start.h"
#include "child.h"
#include "die.h"
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* agent-NAME in agentdir, beside us, or where it is installed: its path in
 * out, or false. */
static bool
find_program(const struct pool *p, const struct pool_agent *a, struct buf *out)
{
	const char *const dirs[] = {
	    p->controls->agentdir,
	    p->beside.n ? p->beside.p : NULL,
	    LIBEXECDIR,
	};
	size_t lengths[] = {
	    dirs[0] ? strlen(dirs[0]) : 0,
	    p->beside.n,
	    strlen(LIBEXECDIR),
	};

	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
		if (dirs[i] == NULL || lengths[i] == 0)
			continue;
		buf_reset(out);
		buf_put(out, span_make(dirs[i], lengths[i]));
		buf_putc(out, '/');
		buf_puts(out, a->program);
		if (access(buf_cstr(out), X_OK) == 0)
			return true;
	}
	return false;
}

int
pool_start(const struct pool *p, struct pool_agent *a, struct buf *why)
{
	const char *argv[2] = {NULL, NULL};
	struct child_fd fds[2];
	struct buf path = {0};
	int sv[2];

	if (!find_program(p, a, &path)) {
		buf_printf(why, "%s is not installed", a->program);
		buf_free(&path);
		return -1;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == -1)
		die_temp_errno("socketpair");
	fds[0] = (struct child_fd){sv[1], 0};
	fds[1] = (struct child_fd){sv[1], 1};
	argv[0] = buf_cstr(&path);
	a->starts++;
	a->pid = child_spawn(argv, control_environment(p->controls), fds, 2);
	if (a->pid == -1) {
		buf_printf(why, "%s cannot be started: %s", a->program,
		    strerror(errno));
		close(sv[0]);
	} else {
		a->fd = sv[0];
	}
	close(sv[1]);
	buf_free(&path);
	return a->pid == -1 ? -1 : 0;
}
