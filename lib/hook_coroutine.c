/*
 * hook_coroutine: coroutine.resume, wrap and close of our own, which keep
 * hook_limit's running thread and see at once that a limit has struck; and
 * xpcall, whose handler may run inside the debug hook that ends a script,
 * where no debug hook could end the script's handler.
 */
#include "mod.h"

#define CLOSE_DEPTH 16 /* coroutine.close inside coroutine.close */

static unsigned closing;

/* Resumes co with narg values of L's; the number of results, or -1 and an
 * error object. */
static int
resume(lua_State *L, lua_State *co, int narg)
{
	int status, n;

	if (!lua_checkstack(co, narg)) {
		lua_pushliteral(L, "too many arguments to resume");
		return -1;
	}
	lua_xmove(L, co, narg);
	hook_limit_switch(co);
	status = lua_resume(co, L, narg, &n);
	hook_limit_switch(L);
	if (status != LUA_OK && status != LUA_YIELD) {
		lua_xmove(co, L, 1);
		return -1;
	}
	if (!lua_checkstack(L, n + 1)) {
		lua_pop(co, n);
		lua_pushliteral(L, "too many results to resume");
		return -1;
	}
	lua_xmove(co, L, n);
	return n;
}

/* coroutine.resume(co [, ...]) -> true, ... | false, error */
static int
co_resume(lua_State *L)
{
	lua_State *co = lua_tothread(L, 1);
	int n;

	luaL_argexpected(L, co != NULL, 1, "coroutine");
	n = resume(L, co, lua_gettop(L) - 1);
	hook_limit_raise(L);
	lua_pushboolean(L, n >= 0);
	lua_insert(L, n >= 0 ? -(n + 1) : -2);
	return n >= 0 ? n + 1 : 2;
}

/* Runs co's pending __close methods; lua_resetthread()'s status. It counts no
 * C levels in 5.4.4, so that closing inside closing would end our stack. */
static int
reset(lua_State *L, lua_State *co)
{
	int status;

	if (closing >= CLOSE_DEPTH)
		return luaL_error(L, "C stack overflow");
	closing++;
	hook_limit_switch(co);
	status = lua_resetthread(co);
	hook_limit_switch(L);
	closing--;
	return status;
}

static int
wrap_call(lua_State *L)
{
	lua_State *co = lua_tothread(L, lua_upvalueindex(1));
	int n = resume(L, co, lua_gettop(L)), status;

	hook_limit_raise(L);
	if (n >= 0)
		return n;
	status = lua_status(co);
	if (status != LUA_OK && status != LUA_YIELD) {
		status = reset(L, co);
		hook_limit_raise(L);
		if (status != LUA_OK)
			lua_xmove(co, L, 1);
	}
	if (lua_type(L, -1) == LUA_TSTRING) {
		luaL_where(L, 1);
		lua_insert(L, -2);
		lua_concat(L, 2);
	}
	return lua_error(L);
}

/* coroutine.wrap(f) -> function */
static int
co_wrap(lua_State *L)
{
	lua_State *co;

	luaL_checktype(L, 1, LUA_TFUNCTION);
	co = lua_newthread(L);
	lua_pushvalue(L, 1);
	lua_xmove(L, co, 1);
	lua_pushcclosure(L, wrap_call, 1);
	return 1;
}

/* Is co suspended or dead, so that it can be closed? */
static bool
closable(lua_State *L, lua_State *co)
{
	lua_Debug ar;

	if (co == L)
		return false;
	return lua_status(co) != LUA_OK || !lua_getstack(co, 0, &ar);
}

/* coroutine.close(co) -> true | false, error */
static int
co_close(lua_State *L)
{
	lua_State *co = lua_tothread(L, 1);
	int status;

	luaL_argexpected(L, co != NULL, 1, "coroutine");
	if (!closable(L, co))
		return luaL_error(L, "cannot close a %s coroutine",
		    co == L ? "running" : "normal");
	status = reset(L, co);
	hook_limit_raise(L);
	lua_pushboolean(L, status == LUA_OK);
	if (status == LUA_OK)
		return 1;
	lua_xmove(co, L, 1);
	return 2;
}

/* The message handler that xpcall really sets: it may run inside on_step(),
 * where no debug hook could end the script's own. */
static int
handle(lua_State *L)
{
	if (hook_limit_struck())
		return 1;
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, 1);
	return 1;
}

static int
xpcall_end(lua_State *L, int status, lua_KContext skip)
{
	if (status == LUA_OK || status == LUA_YIELD)
		return lua_gettop(L) - (int)skip;
	lua_pushboolean(L, 0);
	lua_insert(L, -2);
	return 2;
}

/* xpcall(f, handler [, ...]) -> true, ... | false, handler's result */
static int
guarded_xpcall(lua_State *L)
{
	int n = lua_gettop(L), status;

	luaL_checktype(L, 2, LUA_TFUNCTION);
	lua_pushvalue(L, 2);
	lua_pushcclosure(L, handle, 1);
	lua_replace(L, 2);
	lua_pushboolean(L, 1);
	lua_pushvalue(L, 1);
	lua_rotate(L, 3, 2);
	status = lua_pcallk(L, n - 2, LUA_MULTRET, 2, 2, xpcall_end);
	return xpcall_end(L, status, 2);
}

void
hook_coroutine_open(lua_State *L)
{
	static const luaL_Reg coroutine[] = {{"resume", co_resume},
	    {"wrap", co_wrap}, {"close", co_close}, {NULL, NULL}};

	closing = 0;
	lua_getglobal(L, LUA_COLIBNAME);
	luaL_setfuncs(L, coroutine, 0);
	lua_pop(L, 1);
	lua_register(L, "xpcall", guarded_xpcall);
}
