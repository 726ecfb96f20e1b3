/*
 * hook_limit: a hook ends when its time or its memory does, whatever the
 * script does about it.
 *
 * One timer, armed when a hook starts and none is under way. When it fires
 * and another hook runs by then, it is set again for what that one has left;
 * when none runs it lapses. So a session of many short hooks costs one
 * setitimer(2). The handler gives the running thread a debug hook that raises
 * at every further instruction: a pcall that catches it is caught by the
 * next. hook_coroutine.c says which thread runs.
 *
 * What never comes back to Lua (a pattern that explodes) meets the timer a
 * second time, GRACE later: config->stuck() ends the session.
 */
#include "die.h"
#include "mod.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#define GRACE	    200 /* ms */

static struct {
	/* Shared with the handler. */
	volatile sig_atomic_t running, pending, over;
	volatile clock_ms deadline;
	lua_State *volatile thread;
	/* Not shared. */
	lua_State *main;
	bool known; /* forked() is registered */
	int64_t timeout;
	void (*stuck)(const char *line, size_t n);
	const struct hook_facts *facts;
	const char *name;
	char where[LUA_IDSIZE + 24];
	struct log line; /* the start of what stuck() gets */
} limit;

static const char *const texts[] = {
    [OVER_NOT] = "no limit has struck",
    [OVER_TIME] = "out of time (hooktimeout)",
    [OVER_MEMORY] = "out of memory (luamemory)",
};

static void
timer_set(int64_t ms)
{
	struct itimerval t = {{0, 0}, {0, 0}};

	if (ms < 1)
		ms = 1;
	t.it_value.tv_sec = (time_t)(ms / 1000);
	t.it_value.tv_usec = (suseconds_t)(ms % 1000 * 1000);
	limit.pending = 1;
	setitimer(ITIMER_REAL, &t, NULL);
}

/* Where Lua is now: its innermost function that is not C. Allocates nothing
 * and touches no Lua stack. */
static void
note_where(lua_State *L)
{
	lua_Debug ar;

	limit.where[0] = '\0';
	for (int level = 0; lua_getstack(L, level, &ar); level++) {
		size_t n;

		if (!lua_getinfo(L, "Sl", &ar) || ar.currentline <= 0)
			continue;
		n = strlen(ar.short_src);
		memcpy(limit.where, ar.short_src, n);
		lua_Integer line = ar.currentline;
		char digits[12];
		size_t i = sizeof digits;

		do
			digits[--i] = (char)('0' + line % 10);
		while ((line /= 10) > 0);
		limit.where[n++] = ':';
		memcpy(limit.where + n, digits + i, sizeof digits - i);
		n += sizeof digits - i;
		memcpy(limit.where + n, ": ", 3);
		return;
	}
}

static void on_step(lua_State *, lua_Debug *);

static void
arm(lua_State *L)
{
	lua_sethook(L, on_step, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
}

void
hook_limit_raise(lua_State *L)
{
	if (!limit.over)
		return;
	if (limit.where[0] == '\0')
		note_where(L);
	arm(L);
	/* Made when the state was: raising allocates nothing. */
	lua_rawgetp(L, LUA_REGISTRYINDEX, &texts[limit.over]);
	lua_error(L);
}

/* The debug hook: raises until the call has ended. */
static void
on_step(lua_State *L, lua_Debug *ar)
{
	(void)ar;
	if (!limit.over && hook_alloc_refused())
		hook_limit_memory();
	if (!limit.over) {
		/* A coroutine that outlived the call in which it was armed. */
		lua_sethook(L, NULL, 0, 0);
		if (!limit.over)
			return;
		/* The alarm came in between. */
	}
	hook_limit_raise(L);
}

void
hook_limit_waited(void)
{
	/* A wait may end a moment before the alarm comes. */
	if (!limit.running || limit.over || clock_left(limit.deadline) != 0)
		return;
	limit.over = OVER_TIME;
	arm(limit.thread);
}

void
hook_limit_check(lua_State *L)
{
	hook_limit_waited();
	hook_limit_raise(L);
}

void
hook_limit_memory(void)
{
	if (!limit.running || limit.over)
		return;
	limit.over = OVER_MEMORY;
	note_where(limit.thread);
	arm(limit.thread);
}

void
hook_limit_suspect(void)
{
	if (limit.running && !limit.over)
		arm(limit.thread);
}

/* Completes the prepared line by copying alone: we are in a signal handler. */
static _Noreturn void
stuck(void)
{
	const struct hook_facts *f = limit.facts;

	hook_recover_jump(limit.thread);
	log_str(&limit.line, "hook", limit.name);
	if (f != NULL && f->id_session.p != NULL)
		log_span(&limit.line, "id", f->id_session);
	log_str(&limit.line, "text",
	    "a C function of the script's did not end in time");
	limit.line.text[limit.line.n++] = '\n'; /* log.c keeps room */
	if (limit.stuck != NULL)
		limit.stuck(limit.line.text, limit.line.n);
	_exit(EXIT_TEMP);
}

static void
on_alarm(int sig)
{
	int e = errno;
	clock_ms left;

	(void)sig;
	limit.pending = 0;
	if (limit.running && limit.deadline != CLOCK_NEVER) {
		left = limit.deadline - clock_mono();
		if (left > 0) {
			timer_set(left);
		} else if (left > -GRACE) {
			if (!limit.over) {
				limit.over = OVER_TIME;
				arm(limit.thread);
			}
			timer_set(left + GRACE);
		} else if (!limit.over) {
			/* Late (we were stopped): the script gets its chance. */
			limit.over = OVER_TIME;
			arm(limit.thread);
			timer_set(GRACE);
		} else {
			stuck();
		}
	}
	errno = e;
}

/* A child has no timer of its own. */
static void
forked(void)
{
	limit.pending = 0;
}

void
hook_limit_init(const struct hook_config *config)
{
	struct sigaction sa = {.sa_handler = on_alarm};
	sigset_t set;

	if (!limit.known)
		pthread_atfork(NULL, NULL, forked);
	limit.known = true;
	limit.running = 0;
	/* An older state's timer may be longer: the next start sets it. */
	limit.pending = 0;
	limit.over = OVER_NOT;
	limit.timeout = config->timeout_ms;
	limit.stuck = config->stuck;
	limit.facts = config->facts;
	log_open_at(&limit.line, LOG_ERR, "hook-stuck");
	/* Without SA_RESTART: every wait of ours sees that time is over. */
	sigaction(SIGALRM, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void
hook_limit_start(lua_State *L, const char *name)
{
	(void)hook_alloc_refused();
	limit.over = OVER_NOT;
	limit.where[0] = '\0';
	limit.name = name;
	limit.thread = limit.main = L;
	limit.deadline = clock_deadline(limit.timeout);
	/* In this order: an alarm before `running' clears `pending', and one
	 * after it sets the timer itself. */
	limit.running = 1;
	if (!limit.pending && limit.deadline != CLOCK_NEVER)
		timer_set(limit.timeout);
}

enum hook_over
hook_limit_stop(void)
{
	enum hook_over over;

	limit.running = 0;
	over = (enum hook_over)limit.over;
	if (over == OVER_NOT && hook_alloc_refused())
		over = OVER_MEMORY;
	if (over != OVER_NOT)
		lua_sethook(limit.main, NULL, 0, 0);
	limit.over = OVER_NOT;
	return over;
}

const char *
hook_limit_where(void)
{
	return limit.where;
}

const char *
hook_limit_text(enum hook_over over)
{
	return texts[over];
}

bool
hook_limit_running(void)
{
	return limit.running;
}

bool
hook_limit_struck(void)
{
	return limit.over != OVER_NOT;
}

clock_ms
hook_limit_deadline(void)
{
	return limit.running ? limit.deadline : CLOCK_NEVER;
}

void
hook_limit_switch(lua_State *to)
{
	limit.thread = to;
	if (limit.over)
		arm(to);
}

void
hook_limit_open(lua_State *L)
{
	for (int i = OVER_TIME; i <= OVER_MEMORY; i++) {
		lua_pushstring(L, texts[i]);
		lua_rawsetp(L, LUA_REGISTRYINDEX, &texts[i]);
	}
}
