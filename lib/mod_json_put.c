/*
 * mod_json_put: a Lua value as JSON (mod_json.h). The value is on top of the
 * stack in every function.
 */
#include "json_parse.h"
#include "mod_json.h"
#include <math.h>

static const char *put(lua_State *L, struct json *j, int depth);

/* Is it 1 to n and nothing else? Raises for a table that is neither an array
 * nor an object. */
static bool
is_array(lua_State *L)
{
	lua_Integer n = 0, integers = 0, largest = 0;

	for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
		n++;
		if (lua_isinteger(L, -2)) {
			lua_Integer i = lua_tointeger(L, -2);

			integers++;
			if (i < 1)
				largest = LUA_MAXINTEGER;
			else if (i > largest)
				largest = i;
		} else if (lua_type(L, -2) != LUA_TSTRING) {
			luaL_error(L, "bad argument #1 to 'encode' (a %s as a "
			    "name)", luaL_typename(L, -2));
		}
		hook_limit_check(L);
	}
	if (integers == n && largest == n && n > 0)
		return true;
	if (integers > 0)
		luaL_error(L, "bad argument #1 to 'encode' (names must be all "
		    "strings or 1 to n)");
	if (n > 0 && mod_json_marked(L, -1))
		luaL_error(L, "bad argument #1 to 'encode' (an array with "
		    "names)");
	return mod_json_marked(L, -1);
}

static const char *
put_array(lua_State *L, struct json *j, int depth)
{
	lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
	const char *wrong = NULL;

	json_open_array(j, NULL);
	for (lua_Integer i = 1; i <= n && wrong == NULL; i++) {
		lua_rawgeti(L, -1, i);
		wrong = put(L, j, depth);
		lua_pop(L, 1);
	}
	json_close_array(j);
	return wrong;
}

static const char *
put_object(lua_State *L, struct json *j, int depth)
{
	const char *wrong = NULL;

	json_open_object(j, NULL);
	for (lua_pushnil(L); wrong == NULL && lua_next(L, -2) != 0;) {
		json_name(j, mod_check_span(L, -2));
		wrong = put(L, j, depth);
		lua_pop(L, 1);
	}
	if (wrong != NULL)
		lua_pop(L, 1);
	json_close_object(j);
	return wrong;
}

/* A plain copy of the array on top that only looks like one, pushed. */
static void
copy_array(lua_State *L)
{
	lua_Integer n = luaL_len(L, -1);

	lua_newtable(L);
	for (lua_Integer i = 1; i <= n; i++) {
		lua_geti(L, -2, i);
		lua_rawseti(L, -2, i);
		hook_limit_check(L);
	}
	mod_json_mark(L);
}

/* The same of a table with __pairs, which is on top. */
static void
copy_pairs(lua_State *L)
{
	lua_pushvalue(L, -2);
	lua_call(L, 1, 3);
	lua_newtable(L);
	lua_insert(L, -4);
	/* copy, next, state, control */
	for (;;) {
		lua_pushvalue(L, -3);
		lua_pushvalue(L, -3);
		lua_rotate(L, -3, -1);
		lua_call(L, 2, 2);
		if (lua_isnil(L, -2))
			break;
		/* copy, next, state, key, value */
		lua_pushvalue(L, -2);
		lua_insert(L, -2);
		lua_rawset(L, -6);
		hook_limit_check(L);
	}
	lua_pop(L, 4);
}

/* Puts a plain table in the place of one that only looks like it: the view
 * transaction.recipients has __len, client has __pairs. */
static void
make_plain(lua_State *L)
{
	bool array = luaL_getmetafield(L, -1, "__len") != LUA_TNIL;

	if (array)
		lua_pop(L, 1);
	else if (luaL_getmetafield(L, -1, "__pairs") == LUA_TNIL)
		return;
	/* The script's functions run now, and they may want to encode, too. */
	mod_push_scratch(L);
	lua_insert(L, 1);
	if (array)
		copy_array(L);
	else
		copy_pairs(L);
	lua_remove(L, -2);
	buf_put(mod_scratch(), mod_check_span(L, 1));
	lua_remove(L, 1);
}

static const char *
put_table(lua_State *L, struct json *j, int depth)
{
	const char *wrong;

	if (depth == JSON_DEPTH)
		return "nested too deeply";
	luaL_checkstack(L, 12, NULL);
	lua_pushvalue(L, -1);
	if (!mod_json_marked(L, -1))
		make_plain(L);
	if (is_array(L))
		wrong = put_array(L, j, depth + 1);
	else
		wrong = put_object(L, j, depth + 1);
	lua_pop(L, 1);
	return wrong;
}

static const char *
put_number(lua_State *L, struct json *j)
{
	if (lua_isinteger(L, -1)) {
		json_number(j, NULL, lua_tointeger(L, -1));
		return NULL;
	}
	if (!isfinite(lua_tonumber(L, -1)))
		return "a number that is not finite";
	json_double(j, NULL, lua_tonumber(L, -1));
	return NULL;
}

/* NULL, or why it cannot be done. */
static const char *
put(lua_State *L, struct json *j, int depth)
{
	const char *wrong = NULL;

	hook_limit_check(L);
	switch (lua_type(L, -1)) {
	case LUA_TNIL:
		json_null(j, NULL);
		break;
	case LUA_TBOOLEAN:
		json_bool(j, NULL, lua_toboolean(L, -1));
		break;
	case LUA_TNUMBER:
		wrong = put_number(L, j);
		break;
	case LUA_TSTRING:
		json_string(j, NULL, mod_check_span(L, -1));
		break;
	case LUA_TTABLE:
		wrong = put_table(L, j, depth);
		break;
	case LUA_TLIGHTUSERDATA:
		if (lua_touserdata(L, -1) == NULL) {
			json_null(j, NULL);
			break;
		}
		/* fallthrough */
	default:
		luaL_error(L, "bad argument #1 to 'encode' (a %s has no JSON "
		    "form)", luaL_typename(L, -1));
	}
	if (wrong == NULL && j->out->n > MOD_JSON_MAX)
		return MOD_JSON_TOO_BIG;
	return wrong;
}

const char *
mod_json_put(lua_State *L, struct json *j)
{
	return put(L, j, 0);
}
