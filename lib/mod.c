/*
 * mod: the modules of mod.def, and what they share.
 *
 * A module that nobody uses costs its name: its global is an empty table, and
 * all of these have one metatable. The first read, write or pairs() of such a
 * table fills it and takes the metatable away; from then on it is a table
 * like any other. Only next() and rawget() on one that was never used see
 * the difference.
 */
#include "die.h"
#include "mod.h"
#include <stdlib.h>

#define SCRATCH_KEEP (64u * 1024)
#define PREFIX	     "smtpe."

static const struct module {
	const char *name;
	lua_CFunction open;
} modules[] = {
#define MODULE(name, open, doc) {#name, open},
#include "mod.def"
#undef MODULE
    /* Lua's own, without which many a script does. */
    {LUA_DBLIBNAME, hook_sandbox_debug},
    {LUA_IOLIBNAME, hook_sandbox_io},
    {LUA_MATHLIBNAME, luaopen_math},
    {LUA_OSLIBNAME, hook_sandbox_os},
    {LUA_UTF8LIBNAME, luaopen_utf8},
};
#define NMODULES (sizeof modules / sizeof *modules)
#define NOURS	 (NMODULES - 5)

/* The tables that stand for them, to tell them apart. */
static const void *stubs[NMODULES];

static struct buf scratch;

/* What is to be called at the end of the hook. */
static void (*at_end[NMODULES])(void);
static size_t nat_end;

bool
mod_has_metatable(lua_State *L, int idx, const void *key)
{
	bool same;

	if (!lua_getmetatable(L, idx))
		return false;
	lua_rawgetp(L, LUA_REGISTRYINDEX, key);
	same = lua_rawequal(L, -1, -2);
	lua_pop(L, 2);
	return same;
}

void *
mod_test_userdata(lua_State *L, int idx, const void *key)
{
	if (lua_type(L, idx) != LUA_TUSERDATA ||
	    !mod_has_metatable(L, idx, key))
		return NULL;
	return lua_touserdata(L, idx);
}

void
mod_at_end(void (*recover)(void))
{
	for (size_t i = 0; i < nat_end; i++)
		if (at_end[i] == recover)
			return;
	/* No module has two. */
	if (nat_end == NMODULES)
		die_bug("mod_at_end: one too many");
	at_end[nat_end++] = recover;
}

void
mod_end(void)
{
	while (nat_end > 0)
		at_end[--nat_end]();
}

struct buf *
mod_scratch(void)
{
	if (scratch.cap > SCRATCH_KEEP)
		buf_free(&scratch);
	buf_reset(&scratch);
	return &scratch;
}

int
mod_push_scratch(lua_State *L)
{
	mod_push_span(L, buf_span(&scratch));
	return 1;
}

int
mod_fail(lua_State *L, const char *fmt, ...)
{
	va_list ap;

	luaL_pushfail(L);
	va_start(ap, fmt);
	lua_pushvfstring(L, fmt, ap);
	va_end(ap);
	return 2;
}

bool
mod_check_flag(lua_State *L, int idx)
{
	switch (lua_type(L, idx)) {
	case LUA_TNONE:
	case LUA_TNIL:
		return false;
	case LUA_TBOOLEAN:
		return lua_toboolean(L, idx);
	case LUA_TNUMBER:
		return lua_tonumber(L, idx) != 0;
	default:
		luaL_typeerror(L, idx, "boolean");
		return false;
	}
}

void
mod_set_constants(lua_State *L, const struct mod_constant *c)
{
	for (; c->name != NULL; c++) {
		lua_pushinteger(L, c->value);
		lua_setfield(L, -2, c->name);
	}
}

/* "bad argument #1 to 'smtpe.net.reverseip'": where a function is called
 * through a value, luaL_argerror() looks for its name in package.loaded. */
static void
set_loaded(lua_State *L, const char *name)
{
	luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	lua_pushfstring(L, PREFIX "%s", name);
	lua_pushvalue(L, 1);
	lua_rawset(L, -3);
	lua_pop(L, 1);
}

/* Makes the table at 1 what it stands for. When memory runs out in between
 * the metatable is still there, and the next use begins again. */
static void
fill(lua_State *L)
{
	const void *self = lua_topointer(L, 1);
	size_t i = 0;

	while (i < NMODULES && stubs[i] != self)
		i++;
	if (i == NMODULES)
		return;
	lua_pushcfunction(L, modules[i].open);
	lua_call(L, 0, 1);
	for (lua_pushnil(L); lua_next(L, -2) != 0;) {
		lua_pushvalue(L, -2);
		lua_insert(L, -2);
		lua_rawset(L, 1);
	}
	lua_pop(L, 1);
	if (i < NOURS)
		set_loaded(L, modules[i].name);
	lua_pushnil(L);
	lua_setmetatable(L, 1);
}

static int
get(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 2);
	fill(L);
	lua_rawget(L, 1);
	return 1;
}

static int
set(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 3);
	fill(L);
	lua_rawset(L, 1);
	return 0;
}

/* Upvalue 1 is next(). */
static int
all(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	fill(L);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_pushvalue(L, 1);
	return 2;
}

static const struct module *
find(const char *name)
{
	if (strncmp(name, PREFIX, strlen(PREFIX)) == 0)
		name += strlen(PREFIX);
	for (size_t i = 0; i < NOURS; i++)
		if (strcmp(modules[i].name, name) == 0)
			return &modules[i];
	return NULL;
}

static int
load(lua_State *L)
{
	return find(luaL_checkstring(L, 1))->open(L);
}

/* package.searchers' last: a module by the name of its global, when there is
 * no file of that name; so a script's own util.lua is what it was. */
static int
search(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);

	if (find(name) == NULL) {
		lua_pushfstring(L, "no built-in module '%s'", name);
		return 1;
	}
	lua_pushcfunction(L, load);
	lua_pushliteral(L, ":built-in:");
	return 2;
}

static void
open_stubs(lua_State *L)
{
	static const luaL_Reg meta[] = {{"__index", get}, {"__newindex", set},
	    {NULL, NULL}};
	int loaded;

	luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	loaded = lua_gettop(L);
	luaL_newlib(L, meta);
	lua_getglobal(L, "next");
	lua_pushcclosure(L, all, 1);
	lua_setfield(L, -2, "__pairs");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	for (size_t i = 0; i < NMODULES; i++) {
		lua_newtable(L);
		stubs[i] = lua_topointer(L, -1);
		lua_pushvalue(L, -2);
		lua_setmetatable(L, -2);
		if (i >= NOURS) {
			lua_pushvalue(L, -1);
			lua_setfield(L, loaded, modules[i].name);
		}
		lua_setglobal(L, modules[i].name);
	}
	lua_pop(L, 2);
}

void
mod_open(lua_State *L)
{
	open_stubs(L);
	lua_getglobal(L, LUA_LOADLIBNAME);
	lua_getfield(L, -1, "searchers");
	lua_pushcfunction(L, search);
	lua_rawseti(L, -2, luaL_len(L, -2) + 1);
	lua_pop(L, 2);
}
