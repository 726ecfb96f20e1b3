/* The Lua engine: a script that runs for ever or eats memory, and tries to
 * get away with it. Cases are those of t/lua/limits.lua. */
#include "clock.h"
#include "hook_test.h"
#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

#define TIMEOUT 150

/* It ends by itself, as a failure that is deferred, with this text. */
static void
ends(const char *name, const char *text)
{
	fails(name, VERDICT_DEFER, text);
	if (v.reply.code != 451)
		is_int(v.reply.code, 451, name);
	/* And the next call knows nothing of it. */
	run_case("fine");
	if (v.kind != VERDICT_REPLY || v.failed)
		ok(false, "the call after it");
}

static void
out_of_time(void)
{
	static const char *const names[] = {"empty loop", "counting loop",
	    "goto loop", "repeat loop", "for loop", "call loop", "tail call",
	    "pcall loop", "pcall tower", "pcall last", "pcall and a reply",
	    "pcall and a verdict", "xpcall looping handler",
	    "xpcall handler after time", "xpcall handler erring",
	    "coroutine", "coroutine in coroutine", "wrap inside pcall",
	    "wrap as iterator", "ping-pong", "__close loop",
	    "__close after time", "coroutine.close", "coroutine.close loop",
	    "wrap that closes", "gsub callback", "sort callback",
	    "load reader", "__index", "print", "coroutine left behind",
	    "execute", "execute loop", "popen read", "popen write",
	    "popen close"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		ends(names[i], "out of time (hooktimeout)");
	ok(has((run_case("empty loop"), logged()), " line=2 "),
	    "the line where time was over");
}

static void
finalizers(void)
{
	fails("__gc", VERDICT_DEFAULT, "__gc is not available");
	gives("__gc later", VERDICT_REPLY, 250, "never a finalizer");
	gives("__gc of files", VERDICT_REPLY, 250, "never a finalizer");
	fails("__tostring thrown", VERDICT_DEFAULT, "table value");
	gives("popen forgotten", VERDICT_REPLY, 250, "not waited for");
	gives("popen left open", VERDICT_REPLY, 250, "left open");
	ends("popen collected later", "out of time");
}

static void
coroutines(void)
{
	ends("coroutine suspended", "out of time");
	gives("coroutine goes on", VERDICT_REPLY, 250, "alive");
	run_case("close in close");
	ok((v.kind == VERDICT_REPLY || v.failed) &&
	    hook_defined(hooks, HOOK_mail), "closing inside closing ends");
}

static void
out_of_memory(void)
{
	static const char *const names[] = {"string.rep", "string.rep caught",
	    "string.rep last", "string.rep in a coroutine",
	    "string.rep in load", "table bomb", "table bomb caught",
	    "table bomb kept", "string bomb", "concat bomb", "closure bomb",
	    "coroutine bomb"};

	config.memory = 8 << 20;
	config.timeout_ms = 20000;
	ok(load_file("limits.lua"), "t/lua/limits.lua in 8 MiB");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		fails(names[i], VERDICT_DEFER, "out of memory (luamemory)");
		run_case("after the kept bomb");
		if (v.kind != VERDICT_REPLY || v.failed)
			ok(false, "the call after it");
	}
	run_case("string.rep");
	ok(has(logged(), " line="), "... and a line");
	gives("stopped collector", VERDICT_REPLY, 250,
	    "collected all the same");
	gives("much garbage", VERDICT_REPLY, 250, "collected");
	config.memory = 64 << 20;
}

/* Stages whose row does not defer, and the last one of all. */
static void
other_stages(void)
{
	struct hook_arg arg = HOOK_BOOLEAN(true);

	hook_run(hooks, HOOK_quit, NULL, 0, &v);
	ok(v.kind == VERDICT_DEFAULT && v.failed,
	    "out of time at quit: the default");
	logged();
	hook_run(hooks, HOOK_close, &arg, 1, &v);
	ok(v.kind == VERDICT_DEFAULT && !v.failed &&
	    has(logged(), "event=print text=\"closed\\t1\""),
	    "hook.close runs after limits have struck");
}

/* --- a C function that does not come back --- */

static void
stuck(const char *line, size_t n)
{
	if (write(1, line, n) != (ssize_t)n)
		_exit(3);
	_exit(42);
}

static void
does_not_come_back(const char *name)
{
	char line[LOG_LINE] = "";
	int fds[2], status = -1;
	ssize_t n;
	pid_t pid;

	if (pipe(fds) == -1 || (pid = fork()) == -1) {
		ok(false, "fork");
		return;
	}
	if (pid == 0) {
		dup2(fds[1], 1);
		run_case(name);
		_exit(1);
	}
	close(fds[1]);
	do
		n = read(fds[0], line, sizeof line - 1);
	while (n == -1 && errno == EINTR);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	close(fds[0]);
	if (!ok(n > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 42, name))
		diag("status %x, line %s", (unsigned)status, line);
	ok(n > 0 && line[n - 1] == '\n' && has(line, "event=hook-stuck") &&
	    has(line, "hook=mail") && has(line, "id=s1"), "... its log line");
}

/* --- the timer --- */

static int64_t
timer_left(void)
{
	struct itimerval t;

	getitimer(ITIMER_REAL, &t);
	return t.it_value.tv_sec * 1000000 + t.it_value.tv_usec;
}

/* Until no timer is set any more. */
static void
let_it_lapse(void)
{
	while (timer_left() > 0)
		usleep(1000);
}

static void
timer(void)
{
	struct sigaction sa;
	int64_t left;

	config.timeout_ms = 5000;
	ok(load_file("limits.lua"), "loaded with a long time-out");
	left = timer_left();
	ok(left > 0 && left <= 5000000, "loading armed the timer");
	sigaction(SIGALRM, NULL, &sa);
	ok((sa.sa_flags & SA_RESTART) == 0, "no SA_RESTART: waits end");
	for (int i = 0; i < 1000; i++)
		hook_run(hooks, HOOK_noop, NULL, 0, &v);
	ok(timer_left() <= left, "short hooks leave it as it is");
	/* No hook runs when it fires: it lapses, and is armed again. */
	config.timeout_ms = TIMEOUT;
	ok(load_file("limits.lua"), "loaded with a short time-out");
	let_it_lapse();
	is_int(timer_left(), 0, "it lapses when no hook runs");
	hook_run(hooks, HOOK_noop, NULL, 0, &v);
	ok(timer_left() > 0, "the next hook arms it");
	/* A hook that starts late has its whole time. */
	let_it_lapse();
	hook_run(hooks, HOOK_noop, NULL, 0, &v);
	usleep(TIMEOUT * 1000 * 2 / 3);
	left = clock_mono();
	run_case("empty loop");
	ok(v.failed && clock_mono() - left >= TIMEOUT,
	    "an older timer does not shorten a hook's time");
}

static void
no_limit(void)
{
	let_it_lapse();
	config.timeout_ms = 0;
	ok(load_file("limits.lua"), "loaded without a time-out");
	run_case("fine");
	ok(timer_left() == 0 && v.kind == VERDICT_REPLY, "... no timer");
	ok(hook_deadline() == CLOCK_NEVER, "... no deadline outside a hook");
	config.timeout_ms = TIMEOUT;
}

static void
blocked_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ok(load_file("limits.lua"), "loaded with SIGALRM blocked");
	ends("empty loop", "out of time");
}

static void
loading(void)
{
	struct buf text = {0};

	ok(!load_text("\nwhile true do pcall(error) end"),
	    "a script that never ends loading");
	is_str(buf_cstr(&load_error),
	    "hook-test.lua:2: out of time (hooktimeout)", "... message");
	config.timeout_ms = 10000;
	ok(!load_text("x = string.rep('x', 1 << 30)"),
	    "a script that needs too much");
	ok(has(buf_cstr(&load_error), "out of memory (luamemory)"),
	    "... message");
	config.memory = 1000;
	ok(!load_text("x = 1"), "no memory at all");
	ok(has(buf_cstr(&load_error), "out of memory (luamemory)"),
	    "... message");
	config.memory = 1 << 20;
	for (int i = 0; i < 200000; i++)
		buf_printf(&text, "x%d=%d\n", i, i);
	ok(!load_text(buf_cstr(&text)), "a script larger than the memory");
	ok(has(buf_cstr(&load_error), "out of memory (luamemory)"),
	    "... message");
	config.memory = 64 << 20;
	buf_free(&text);
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	config.timeout_ms = TIMEOUT;
	config.stuck = stuck;
	facts.id_session = SPAN("s1");
	if (!ok(load_file("limits.lua"), "t/lua/limits.lua loads"))
		return done_testing();
	out_of_time();
	finalizers();
	coroutines();
	other_stages();
	does_not_come_back("pattern");
	does_not_come_back("move");
	timer();
	no_limit();
	blocked_signal();
	out_of_memory();
	loading();
	return done_testing();
}
