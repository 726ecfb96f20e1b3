/*
 * hook_table: the table `hook' that scripts put their functions into.
 *
 * It never holds a stage itself: each assignment comes here, now or years
 * into the session, and goes to hook_engine.ref. So asking whether a stage is
 * defined costs one load, and a hook that defines another one works. A name
 * that is no stage stays in the table, after a warning with the name that was
 * probably meant.
 */
#include "mod.h"
#include "near.h"

/* Of a script that defines them all, most of the work would be here. */
static int
find(struct span name)
{
	for (int i = 0; i < HOOK_N; i++)
		if (name.n > 0 && *name.p == *hook_rows[i].name &&
		    span_eq(name, span_of(hook_rows[i].name)))
			return i;
	return -1;
}

static const char *
nearest(struct span name)
{
	const char *found = NULL;
	size_t best = 3; /* two letters wrong is another word */

	if (name.n > NEAR_MAX)
		return NULL;
	for (int i = 0; i < HOOK_N; i++) {
		struct span s = span_of(hook_rows[i].name);
		size_t d = near_distance(name, s);

		if (d < best && d < s.n) {
			best = d;
			found = hook_rows[i].name;
		}
	}
	return found;
}

static unsigned misspelt;

unsigned
hook_misspelt(void)
{
	return misspelt;
}

static void
warn_unknown(lua_State *L, struct span name)
{
	const char *meant = nearest(name);
	struct log l;

	misspelt++;
	luaL_where(L, 1);
	log_open_at(&l, LOG_WARNING, "hook-unknown");
	log_span(&l, "hook", name);
	log_printf(&l, "text", "%shook.%.*s is no stage%s%s%s",
	    lua_tostring(L, -1), SPAN_ARG(name),
	    meant ? "; did you mean hook." : "", meant ? meant : "",
	    meant ? "?" : "");
	log_send(&l);
	lua_pop(L, 1);
}

/* While the script is loaded: stages whose function nobody has read since it
 * was put there. To put another in its place is a slip: the first is dead. */
static bool unread[HOOK_N], loaded;
static unsigned replaced;

unsigned
hook_replaced(void)
{
	return replaced;
}

static void
warn_replaced(lua_State *L, enum hook_id id)
{
	lua_Debug old;
	struct log l;

	replaced++;
	luaL_where(L, 1);
	lua_rawgeti(L, LUA_REGISTRYINDEX, hook_engine.ref[id]);
	lua_getinfo(L, ">S", &old);
	log_open_at(&l, LOG_WARNING, "hook-replaced");
	log_str(&l, "hook", hook_name(id));
	log_printf(&l, "text", "%shook.%s takes the place of the one at %s:%d",
	    lua_tostring(L, -1), hook_name(id), old.short_src,
	    old.linedefined);
	log_send(&l);
	lua_pop(L, 1);
}

/* Takes the value on top as the stage's function. */
static void
define(lua_State *L, int id)
{
	struct hooks *h = &hook_engine;
	lua_Debug ar;

	if (unread[id] && !lua_isnil(L, -1))
		warn_replaced(L, (enum hook_id)id);
	unread[id] = !loaded && !lua_isnil(L, -1);

	if (lua_isnil(L, -1)) {
		luaL_unref(L, LUA_REGISTRYINDEX, h->ref[id]);
		h->ref[id] = 0;
		lua_pop(L, 1);
		return;
	}
	lua_pushvalue(L, -1);
	lua_getinfo(L, ">u", &ar);
	if (h->ref[id] != 0)
		lua_rawseti(L, LUA_REGISTRYINDEX, h->ref[id]);
	else
		h->ref[id] = luaL_ref(L, LUA_REGISTRYINDEX);
	h->nparams[id] = ar.isvararg ? HOOK_ANY : ar.nparams;
}

/* hook.NAME = function */
static int
newindex(lua_State *L)
{
	int id = -1;

	if (lua_type(L, 2) == LUA_TSTRING)
		id = find(mod_check_span(L, 2));
	if (id >= 0) {
		if (!lua_isnil(L, 3) && !lua_isfunction(L, 3))
			return luaL_error(L, "hook.%s is a %s, not a function",
			    hook_rows[id].name, luaL_typename(L, 3));
		define(L, id);
		return 0;
	}
	if (lua_type(L, 2) == LUA_TSTRING && lua_isfunction(L, 3))
		warn_unknown(L, mod_check_span(L, 2));
	lua_rawset(L, 1);
	return 0;
}

/* hook.NAME -> function | nil */
static int
get(lua_State *L)
{
	int id = -1;

	if (lua_type(L, 2) == LUA_TSTRING)
		id = find(mod_check_span(L, 2));
	if (id < 0 || hook_engine.ref[id] == 0)
		return 0;
	unread[id] = false;
	lua_rawgeti(L, LUA_REGISTRYINDEX, hook_engine.ref[id]);
	return 1;
}

/* pairs(hook): the stages that are defined, and what else lies there */
static int
all(lua_State *L)
{
	lua_getglobal(L, "next");
	lua_newtable(L);
	for (lua_pushnil(L); lua_next(L, 1) != 0;) {
		lua_pushvalue(L, -2);
		lua_insert(L, -2);
		lua_rawset(L, 3);
	}
	for (int i = 0; i < HOOK_N; i++) {
		if (hook_engine.ref[i] == 0)
			continue;
		unread[i] = false;
		lua_rawgeti(L, LUA_REGISTRYINDEX, hook_engine.ref[i]);
		lua_setfield(L, 3, hook_rows[i].name);
	}
	return 2;
}

/* The real table's place in the registry. */
static char key;

void
hook_table_adopt(lua_State *L)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, &key);
	if (lua_getglobal(L, "hook") == LUA_TTABLE && !lua_rawequal(L, -1, -2))
		for (lua_pushnil(L); lua_next(L, -2) != 0;) {
			/* real, theirs, k, v -> real[k] = v */
			lua_pushvalue(L, -2);
			lua_insert(L, -2);
			lua_settable(L, -5);
		}
	lua_pop(L, 1);
	lua_setglobal(L, "hook");
	memset(unread, 0, sizeof unread);
	loaded = true;
}

void
hook_table_open(lua_State *L)
{
	static const luaL_Reg meta[] = {{"__index", get},
	    {"__newindex", newindex}, {"__pairs", all}, {NULL, NULL}};

	memset(unread, 0, sizeof unread);
	loaded = false;
	replaced = misspelt = 0;
	lua_newtable(L);
	lua_newtable(L);
	luaL_setfuncs(L, meta, 0);
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, -2);
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
	lua_setglobal(L, "hook");
}
