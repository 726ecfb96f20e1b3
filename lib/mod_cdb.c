/*
 * mod_cdb: constant databases (cdbmap.h), for tables too large for a script.
 * A database is a mapping of its file: whoever renames a new one into place
 * disturbs nobody who has the old one open.
 */
#include "cdbmap.h"
#include "mod.h"
#include <errno.h>

static char key; /* a database's metatable in the registry */

struct database {
	struct cdbmap map;
	char path[];
};

static struct database *
test_database(lua_State *L, int idx)
{
	return mod_test_userdata(L, idx, &key);
}

static struct database *
check_database(lua_State *L, int idx)
{
	struct database *d = test_database(L, idx);

	if (d == NULL)
		luaL_typeerror(L, idx, "database");
	return d;
}

/* nil, "PATH: reason" */
static int
fail(lua_State *L, const struct database *d)
{
	return mod_fail(L, "%s: %s", d->path, errno == EPROTO ?
		"not a constant database, or a damaged one" : strerror(errno));
}

/* cdb.open(path) -> database | nil, error: the file is mapped until nobody
 * refers to the database any more. */
static int
open(lua_State *L)
{
	struct span path = mod_check_span(L, 1);
	struct database *d;
	int found;

	/* To the system a NUL would be the end of another path. */
	luaL_argcheck(L, strlen(path.p) == path.n, 1, "a NUL in a path");
	d = lua_newuserdatauv(L, sizeof *d + path.n + 1, 0);
	*d = (struct database){.map = {.path = d->path}};
	memcpy(d->path, path.p, path.n + 1);
	/* From here on it closes by itself, whatever happens. */
	lua_rawgetp(L, LUA_REGISTRYINDEX, &key);
	lua_setmetatable(L, -2);
	found = cdbmap_open(&d->map);
	if (found == 0)
		errno = ENOENT;
	return found > 0 ? 1 : fail(L, d);
}

/* database:find(key) -> string | nil [, error]: the value, nil when the key
 * is not there, nil and an error when the file is damaged. Of a key that is
 * there several times, the first value. */
/* cdb.find(database, key) -> string | nil [, error]: another way to write
 * database:find(key). */
static int
find(lua_State *L)
{
	struct database *d = check_database(L, 1);
	struct span name = mod_check_span(L, 2), value;
	int found = cdbmap_look(&d->map, name, &value);

	if (found < 0)
		return fail(L, d);
	if (found == 0)
		luaL_pushfail(L);
	else
		mod_push_span(L, value);
	return 1;
}

/* The database, and where in the file, are upvalues. */
static int
next(lua_State *L)
{
	struct database *d = lua_touserdata(L, lua_upvalueindex(1));
	unsigned at = (unsigned)lua_tointeger(L, lua_upvalueindex(2));
	struct span name, value;
	int found = cdbmap_next(&d->map, &at, &name, &value);

	if (found < 0) {
		fail(L, d);
		return lua_error(L);
	}
	if (found == 0)
		return 0;
	lua_pushinteger(L, at);
	lua_replace(L, lua_upvalueindex(2));
	mod_push_span(L, name);
	mod_push_span(L, value);
	return 2;
}

/* database:iterate() -> iterator: every record, in the file's order, as in
 * "for key, value in database:iterate() do"; a damaged file raises. */
/* cdb.iterate(database) -> iterator: another way to write
 * database:iterate(). */
static int
iterate(lua_State *L)
{
	check_database(L, 1);
	lua_settop(L, 1);
	lua_pushinteger(L, 0);
	lua_pushcclosure(L, next, 2);
	return 1;
}

static int
collect(lua_State *L)
{
	struct database *d = test_database(L, 1);

	if (d != NULL)
		cdbmap_close(&d->map);
	return 0;
}

/* Once: databases know it by its identity. No script can reach it, so that
 * its finalizer is and stays ours. */
static void
open_database(lua_State *L)
{
	static const luaL_Reg methods[] = {
	    {"find", find},
	    {"iterate", iterate},
	    {NULL, NULL},
	};

	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &key) != LUA_TNIL)
		return;
	lua_createtable(L, 0, 4);
	luaL_newlib(L, methods);
	lua_setfield(L, -2, "__index");
	lua_pushliteral(L, "database");
	lua_setfield(L, -2, "__name");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pushcfunction(L, collect);
	lua_setfield(L, -2, "__gc");
	lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
}

int
mod_cdb_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
	    {"open", open},
	    {"find", find},
	    {"iterate", iterate},
	    {NULL, NULL},
	};

	open_database(L);
	luaL_newlib(L, functions);
	return 1;
}
