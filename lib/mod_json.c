/*
 * mod_json: JSON (RFC 8259) as Lua values and back (json.h, json_parse.h).
 *
 * Lua has one kind of table and no null in it. So null is json.null, and an
 * array that may be empty is marked by json.array(); decode() marks its own,
 * so that what was decoded encodes to the same.
 */
#include "json.h"
#include "json_parse.h"
#include "mod.h"
#include <math.h>

#define TEXT_MAX (16u * 1024 * 1024)
#define TOO_BIG	 "more than 16 MiB"

static char key; /* the mark's place in the registry, a metatable */

static void
push_null(lua_State *L)
{
	lua_pushlightuserdata(L, NULL);
}

/* Marks the table on top. */
static void
mark(lua_State *L)
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

static bool
marked(lua_State *L, int idx)
{
	bool same;

	if (!lua_getmetatable(L, idx))
		return false;
	lua_rawgetp(L, LUA_REGISTRYINDEX, &key);
	same = lua_rawequal(L, -1, -2);
	lua_pop(L, 2);
	return same;
}

/* --- encoding; the value is on top of the stack in every function --- */

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
	if (n > 0 && marked(L, -1))
		luaL_error(L, "bad argument #1 to 'encode' (an array with "
		    "names)");
	return marked(L, -1);
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
	mark(L);
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
	if (!marked(L, -1))
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
	if (wrong == NULL && j->out->n > TEXT_MAX)
		return TOO_BIG;
	return wrong;
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
	wrong = put(L, &j, 0);
	if (wrong != NULL)
		return mod_fail(L, "%s", wrong);
	return mod_push_scratch(L);
}

/* --- decoding --- */

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
			mark(L);
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

	if (text.n > TEXT_MAX)
		return mod_fail(L, TOO_BIG);
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
	luaL_argcheck(L, marked(L, 1) || !lua_getmetatable(L, 1), 1,
	    "it has a metatable");
	mark(L);
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
