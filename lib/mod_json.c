/*
 * mod_json: JSON (RFC 8259) as Lua values and back (json.h, json_parse.h).
 *
 * Lua has one kind of table and no null in it. So null is json.null, and an
 * array that may be empty is marked by json.array(); decode() marks its own,
 * so that what was decoded encodes to the same.
 */
#include "json_parse.h"
#include "mod_json.h"
#include <math.h>

static char key; /* the mark's place in the registry, a metatable */

static void
push_null(lua_State *L)
{
	lua_pushlightuserdata(L, NULL);
}

void
mod_json_mark(lua_State *L)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, &key);
	/* debug.getmetatable gives a script a table's metatable, and with a
	 * finalizer in it the script would run where no limit reaches. */
	lua_pushliteral(L, "__gc");
	if (lua_rawget(L, -2) != LUA_TNIL)
		luaL_error(L, "__gc is not available");
	lua_pop(L, 1);
	lua_setmetatable(L, -2);
}

bool
mod_json_marked(lua_State *L, int idx)
{
	return mod_has_metatable(L, idx, &key);
}

/* json.encode(value) -> string | nil, error: a table with the keys 1 to n is
 * an array, one with strings as keys an object, an empty one an object unless
 * json.array() marked it; any other table, and what has no JSON form, raises.
 * nil and json.null are null. Octets that are not UTF-8 become U+FFFD. The
 * order of names is not defined. Fails for numbers that are not finite, for
 * more than 64 tables in each other and for more than 16 MiB. */
static int
encode(lua_State *L)
{
	struct json j;
	const char *wrong;

	luaL_checkany(L, 1);
	lua_settop(L, 1);
	json_init(&j, mod_scratch());
	wrong = mod_json_put(L, &j);
	if (wrong != NULL)
		return mod_fail(L, "%s", wrong);
	return mod_push_scratch(L);
}

static const char *
push_number(lua_State *L, struct span s)
{
	char text[JSON_NUMBER_MAX + 1];

	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (lua_stringtonumber(L, text) == 0)
		return "not a number";
	return isfinite(lua_tonumber(L, -1)) ? NULL : "a number too large";
}

/* Puts the value on top where it belongs: below it lies its name and then the
 * object, or the array, or nothing when it is the whole. */
static void
store(lua_State *L, unsigned depth, lua_Integer count[])
{
	if (depth == 0)
		return;
	if (lua_type(L, -2) == LUA_TSTRING)
		lua_rawset(L, -3);
	else
		lua_rawseti(L, -2, ++count[depth]);
}

/* One token; NULL, or what is wrong. */
static const char *
take(lua_State *L, struct json_parser *p, enum json_token token,
    lua_Integer count[])
{
	const char *wrong;

	switch (token) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		lua_newtable(L);
		if (token == JSON_ARRAY)
			mod_json_mark(L);
		count[p->depth] = 0;
		return NULL;
	case JSON_NAME:
		mod_push_span(L, p->value);
		return NULL;
	case JSON_STRING:
		mod_push_span(L, p->value);
		break;
	case JSON_NUMBER:
		if ((wrong = push_number(L, p->value)) != NULL)
			return wrong;
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		lua_pushboolean(L, token == JSON_TRUE);
		break;
	case JSON_NULL:
		push_null(L);
		break;
	default: /* an object or an array is complete, and on top */
		break;
	}
	store(L, p->depth, count);
	return NULL;
}

/* json.decode(text) -> value | nil, error: strict: UTF-8, nothing before or
 * behind the value, at most 64 objects and arrays in each other and 16 MiB.
 * null is json.null, also inside tables; arrays are marked as by json.array();
 * of a name that comes twice the last value counts. */
static int
decode(lua_State *L)
{
	struct span text = mod_check_span(L, 1);
	lua_Integer count[JSON_DEPTH + 1] = {0};
	struct json_parser p;
	enum json_token token;
	const char *wrong = NULL;

	if (text.n > MOD_JSON_MAX)
		return mod_fail(L, MOD_JSON_TOO_BIG);
	lua_settop(L, 1);
	luaL_checkstack(L, 2 * JSON_DEPTH + 8, NULL);
	json_parse_init(&p, text, mod_scratch());
	while (wrong == NULL && (token = json_parse_next(&p)) > JSON_END) {
		wrong = take(L, &p, token, count);
		hook_limit_check(L);
	}
	if (wrong == NULL)
		wrong = p.error;
	if (wrong == NULL)
		return 1;
	return mod_fail(L, "%s at octet %I", wrong, (LUAI_UACINT)p.at + 1);
}

/* json.array([table]) -> table: marks the table, or a new one, so that it is
 * an array even when it is empty. */
static int
array(lua_State *L)
{
	lua_settop(L, 1);
	if (lua_isnil(L, 1)) {
		lua_newtable(L);
		lua_replace(L, 1);
	}
	luaL_checktype(L, 1, LUA_TTABLE);
	luaL_argcheck(L, mod_json_marked(L, 1) || !lua_getmetatable(L, 1), 1,
	    "it has a metatable");
	mod_json_mark(L);
	return 1;
}

int
mod_json_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
	    {"encode", encode},
	    {"decode", decode},
	    {"array", array},
	    {NULL, NULL},
	};

	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &key) == LUA_TNIL) {
		lua_createtable(L, 0, 1);
		lua_pushboolean(L, 0);
		lua_setfield(L, -2, "__metatable");
		lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
	}
	luaL_newlib(L, functions);
	push_null(L);
	lua_setfield(L, -2, "null");
	return 1;
}
