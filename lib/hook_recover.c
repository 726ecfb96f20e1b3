/*
 * hook_recover: a call that does not end inside Lua's own string or table
 * library (a pattern that explodes) is left by a jump out of the signal
 * handler, and its state with it: all its memory is hook_alloc.c's, which
 * starts anew with the next state. So a program that has other things in hand
 * lives on. Whatever else does not end is hook_limit.c's, and ends us.
 *
 * The jump is taken only while a call is guarded, and only when the innermost
 * function is one of those noted at loading: they hold no lock, no descriptor
 * and nothing of the C library's heap.
 */
#include "die.h"
#include "mod.h"
#include <setjmp.h>
#include <signal.h>

#define FUNCTIONS_MAX 64

static struct {
	lua_CFunction known[FUNCTIONS_MAX];
	size_t nknown;
	sigjmp_buf back;
	volatile sig_atomic_t guarded;
	unsigned long state;
} recover = {.state = 1};

unsigned long
hook_recover_state(void)
{
	return recover.state;
}

static void
note(lua_State *L)
{
	lua_CFunction f = lua_tocfunction(L, -1);

	if (f != NULL && recover.nknown < FUNCTIONS_MAX)
		recover.known[recover.nknown++] = f;
}

void
hook_recover_open(lua_State *L)
{
	static const char *const names[] = {LUA_STRLIBNAME, LUA_TABLIBNAME};

	recover.nknown = 0;
	for (size_t i = 0; i < 2; i++) {
		lua_getglobal(L, names[i]);
		for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1))
			note(L);
		lua_pop(L, 1);
	}
	/* The iterator has no name. */
	lua_getglobal(L, LUA_STRLIBNAME);
	lua_getfield(L, -1, "gmatch");
	lua_pushliteral(L, "");
	lua_pushliteral(L, "");
	lua_call(L, 2, 1);
	note(L);
	lua_pop(L, 2);
}

void
hook_recover_jump(lua_State *L)
{
	lua_Debug ar;
	lua_CFunction f;

	if (!recover.guarded || !lua_getstack(L, 0, &ar))
		return;
	/* What this pushes may lie in the way of who was interrupted; nobody
	 * goes on with that state, here or behind us. */
	recover.guarded = 0;
	if (!lua_getinfo(L, "f", &ar))
		return;
	f = lua_tocfunction(L, -1);
	for (size_t i = 0; f != NULL && i < recover.nknown; i++)
		if (recover.known[i] == f)
			siglongjmp(recover.back, 1);
}

/* The state is gone. Another one, from the same script. */
static void
start_again(struct hooks *h, struct hook_call *call)
{
	struct hook_config config = h->config;
	const char *where = hook_limit_where();
	struct buf err = {0};
	sigset_t set;
	struct log l;

	/* We came out of its handler. */
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	hook_limit_stop();
	mod_end();
	log_open_at(&l, LOG_ERR, "hook-error");
	log_str(&l, "hook", hook_name(call->id));
	log_printf(&l, "text", "%sa function of the string or table library "
	    "did not end in time; the script is loaded anew", where);
	log_send(&l);
	recover.state++;
	if (hooks_load(&config, &err) == NULL)
		die_temp("script: %s", buf_cstr(&err));
	buf_free(&err);
	*call->v = (struct verdict){.failed = true};
	if (hook_rows[call->id].limit == POLICY_DENY)
		call->v->kind = VERDICT_REJECT;
}

void
hook_recover_run(struct hook_call *call,
    void (*f)(struct hooks *h, struct hook_call *call))
{
	if (sigsetjmp(recover.back, 0) != 0) {
		start_again(&hook_engine, call);
		return;
	}
	recover.guarded = 1;
	f(call->h, call);
	recover.guarded = 0;
}
