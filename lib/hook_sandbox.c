/*
 * hook_sandbox: the standard libraries, without what would let a script
 * escape its limits, crash us, or reach the client's socket.
 *
 * The script is the administrator's: this is no wall against its author but
 * against its mistakes, and against bytes that were planted where it loads
 * code from.
 */
#include "mod.h"
#include <stdio.h>
#include <unistd.h>

#ifndef DATADIR
#define DATADIR "/usr/local/share/smtpe"
#endif

/* No ./?.lua: the directory we were started in is nobody's policy. "!" is the
 * program's own (search), so that a tree works wherever it stands. */
static const char path[] = "!/../share/smtpe/?.lua;" DATADIR "/?.lua;"
    LUA_LDIR "?.lua;" LUA_LDIR "?/init.lua;"
    "/usr/share/lua/5.4/?.lua;/usr/share/lua/5.4/?/init.lua";

/* Functions of the libraries that ours call. Not upvalues: debug.getupvalue
 * would give them to the script. */
static struct {
	lua_CFunction load, loadfile, searchpath, getmetatable, setupvalue,
	    setlocal, debug_getmetatable;
} original;

/* The field of the table on top; it is a C function. */
static lua_CFunction
library(lua_State *L, const char *name)
{
	lua_CFunction f;

	lua_getfield(L, -1, name);
	f = lua_tocfunction(L, -1);
	lua_pop(L, 1);
	return f;
}

static void
remove_fields(lua_State *L, const char *const *names)
{
	for (; *names != NULL; names++) {
		lua_pushnil(L);
		lua_setfield(L, -2, *names);
	}
}

/* Calls f with the arguments on the stack and returns its results. */
static int
tail(lua_State *L, lua_CFunction f)
{
	lua_pushcfunction(L, f);
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
	return lua_gettop(L);
}

/* setmetatable(t, m) -> t; a finalizer would run where no limit reaches */
static int
set_metatable(lua_State *L)
{
	int type = lua_type(L, 2);

	luaL_checktype(L, 1, LUA_TTABLE);
	luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2,
	    "nil or table");
	if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
		return luaL_error(L, "cannot change a protected metatable");
	if (type == LUA_TTABLE) {
		lua_pushliteral(L, "__gc");
		if (lua_rawget(L, 2) != LUA_TNIL)
			return luaL_error(L, "__gc is not available");
	}
	lua_settop(L, 2);
	lua_setmetatable(L, 1);
	return 1;
}

/* load(chunk [, name [, mode [, env]]]): text, whatever mode says; mutated
 * bytecode crashes the interpreter */
static int
load(lua_State *L)
{
	luaL_optstring(L, 3, NULL);
	if (lua_gettop(L) < 3)
		lua_settop(L, 3);
	lua_pushliteral(L, "t");
	lua_replace(L, 3);
	return tail(L, original.load);
}

/* loadfile([name [, mode [, env]]]): text */
static int
load_file(lua_State *L)
{
	luaL_optstring(L, 2, NULL);
	if (lua_gettop(L) < 2)
		lua_settop(L, 2);
	lua_pushliteral(L, "t");
	lua_replace(L, 2);
	return tail(L, original.loadfile);
}

static int
do_file_end(lua_State *L, int status, lua_KContext ctx)
{
	(void)status;
	(void)ctx;
	return lua_gettop(L) - 1;
}

/* dofile([name]) -> ...: text */
static int
do_file(lua_State *L)
{
	const char *name = luaL_optstring(L, 1, NULL);

	lua_settop(L, 1);
	if (luaL_loadfilex(L, name, "t") != LUA_OK)
		return lua_error(L);
	lua_callk(L, 0, LUA_MULTRET, 0, do_file_end);
	return do_file_end(L, LUA_OK, 0);
}

/* print(...): one log line, tabs between; the client never sees it */
static int
print(lua_State *L)
{
	int n = lua_gettop(L);
	struct log l;
	luaL_Buffer b;

	luaL_buffinit(L, &b);
	for (int i = 1; i <= n; i++) {
		if (i > 1)
			luaL_addchar(&b, '\t');
		luaL_tolstring(L, i, NULL);
		luaL_addvalue(&b);
	}
	luaL_pushresult(&b);
	log_open(&l, "print");
	log_span(&l, "text", mod_check_span(L, -1));
	log_send(&l);
	return 0;
}

/* os.exit: a session ends by a reply */
static int
os_exit(lua_State *L)
{
	return luaL_error(L, "os.exit is not available");
}

/* Pushes package.path with the program's directory for each "!". */
static void
push_path(lua_State *L)
{
	static char dir[1024];
	ssize_t n;

	if (lua_getfield(L, lua_upvalueindex(1), "path") != LUA_TSTRING)
		luaL_error(L, "'package.path' must be a string");
	if (strchr(lua_tostring(L, -1), '!') == NULL)
		return;
	if (dir[0] == '\0') {
		n = readlink("/proc/self/exe", dir, sizeof dir - 1);
		if (n == (ssize_t)sizeof dir - 1)
			n = 0;
		while (n > 0 && dir[n - 1] != '/')
			n--;
		/* Nobody knows: a directory that is nowhere. */
		if (n <= 1)
			n = snprintf(dir, sizeof dir, "%s", "/dev/null/");
		dir[n - 1] = '\0';
	}
	luaL_gsub(L, lua_tostring(L, -1), "!", dir);
	lua_remove(L, -2);
}

/* package.searchers' second: Lua modules, as text */
static int
search(lua_State *L)
{
	const char *file;

	luaL_checkstring(L, 1);
	lua_settop(L, 1);
	lua_pushcfunction(L, original.searchpath);
	lua_pushvalue(L, 1);
	push_path(L);
	lua_call(L, 2, 2);
	if (lua_isnil(L, -2))
		return 1;
	lua_pop(L, 1);
	file = lua_tostring(L, -1);
	if (hook_file_load(L, file) == LUA_OK) {
		lua_pushvalue(L, -2);
		return 2;
	}
	return luaL_error(L, "error loading module '%s' from file '%s':\n\t%s",
	    lua_tostring(L, 1), file, lua_tostring(L, -1));
}

/* debug.setupvalue(f, n, value): not of C functions, which trust theirs */
static int
set_upvalue(lua_State *L)
{
	luaL_argcheck(L, !lua_iscfunction(L, 1), 1, "a C function");
	return tail(L, original.setupvalue);
}

/* debug.setlocal([thread,] level, n, value): not in C functions */
static int
set_local(lua_State *L)
{
	bool other = lua_isthread(L, 1);
	lua_State *in = other ? lua_tothread(L, 1) : L;
	lua_Integer level = luaL_checkinteger(L, other ? 2 : 1);
	lua_Debug ar;

	if (level >= 0 && level < LUAI_MAXSTACK &&
	    lua_getstack(in, (int)level, &ar) &&
	    lua_getinfo(in, "S", &ar) && strcmp(ar.what, "C") == 0)
		return luaL_error(L, "level %d is a C function", (int)level);
	if (!other) {
		/* We stand between the caller and the original. */
		lua_pushinteger(L, level + 1);
		lua_replace(L, 1);
	}
	return tail(L, original.setlocal);
}

/* debug.getmetatable(x): a userdata's shows what getmetatable shows */
static int
get_metatable(lua_State *L)
{
	luaL_checkany(L, 1);
	return tail(L, lua_type(L, 1) == LUA_TUSERDATA ?
		original.getmetatable : original.debug_getmetatable);
}

/* debug.debug(): there is nobody to talk to */
static int
no_debug(lua_State *L)
{
	(void)L;
	return 0;
}

static void
sandbox_base(lua_State *L)
{
	static const luaL_Reg ours[] = {{"setmetatable", set_metatable},
	    {"load", load}, {"loadfile", load_file}, {"dofile", do_file},
	    {"print", print}, {NULL, NULL}};

	lua_pushglobaltable(L);
	original.load = library(L, "load");
	original.loadfile = library(L, "loadfile");
	original.getmetatable = library(L, "getmetatable");
	luaL_setfuncs(L, ours, 0);
	lua_pop(L, 1);
}

int
hook_sandbox_debug(lua_State *L)
{
	static const char *const gone[] = {"sethook", "setmetatable",
	    "getregistry", "setuservalue", "upvalueid", NULL};
	static const luaL_Reg ours[] = {{"setupvalue", set_upvalue},
	    {"setlocal", set_local}, {"getmetatable", get_metatable},
	    {"debug", no_debug}, {NULL, NULL}};

	luaopen_debug(L);
	original.setupvalue = library(L, "setupvalue");
	original.setlocal = library(L, "setlocal");
	original.debug_getmetatable = library(L, "getmetatable");
	remove_fields(L, gone);
	luaL_setfuncs(L, ours, 0);
	return 1;
}

/* Files keep their finalizer: it closes, and a script must not put its own
 * function there. */
int
hook_sandbox_io(lua_State *L)
{
	luaopen_io(L);
	luaL_getmetatable(L, LUA_FILEHANDLE);
	lua_pushliteral(L, LUA_FILEHANDLE);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
	hook_process_popen(L);
	/* Whole lines: stdout is the log. */
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	return 1;
}

int
hook_sandbox_os(lua_State *L)
{
	luaopen_os(L);
	lua_pushcfunction(L, os_exit);
	lua_setfield(L, -2, "exit");
	hook_process_execute(L);
	return 1;
}

static void
sandbox_package(lua_State *L, const char *luapath)
{
	static const char *const gone[] = {"loadlib", NULL};

	lua_getglobal(L, LUA_LOADLIBNAME);
	original.searchpath = library(L, "searchpath");
	remove_fields(L, gone);
	lua_pushliteral(L, "");
	lua_setfield(L, -2, "cpath");
	lua_pushfstring(L, "%s%s%s", luapath ? luapath : "",
	    luapath && *luapath ? ";" : "", path);
	lua_setfield(L, -2, "path");
	lua_getfield(L, -1, "searchers");
	lua_pushvalue(L, -2);
	lua_pushcclosure(L, search, 1);
	lua_rawseti(L, -2, 2);
	for (int i = 3; i <= 4; i++) {
		lua_pushnil(L);
		lua_rawseti(L, -2, i);
	}
	lua_pop(L, 2);
}

/* The others wait for their first use (mod.c). */
static const luaL_Reg eager[] = {{LUA_GNAME, luaopen_base},
    {LUA_LOADLIBNAME, luaopen_package}, {LUA_COLIBNAME, luaopen_coroutine},
    {LUA_TABLIBNAME, luaopen_table}, {LUA_STRLIBNAME, luaopen_string},
    {NULL, NULL}};

void
hook_sandbox_open(lua_State *L, const char *luapath)
{
	/* LUA_PATH is whoever's who started the launcher. */
	lua_pushboolean(L, 1);
	lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
	for (const luaL_Reg *r = eager; r->name != NULL; r++) {
		luaL_requiref(L, r->name, r->func, 1);
		lua_pop(L, 1);
	}
	sandbox_base(L);
	sandbox_package(L, luapath);
	hook_limit_open(L);
	hook_coroutine_open(L);
}
