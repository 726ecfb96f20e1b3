/*
 * mod_client: the tables client, connection and transaction. Each is empty:
 * a read comes here and is answered from struct hook_facts as it is at that
 * moment, so nothing can be out of date and what nobody reads costs nothing.
 * Which facts there are says mod_client_facts.c.
 */
#include "mod_client.h"
#include "mod_msg.h"

/* --- transaction.recipients: a view, so that reading one of a thousand
 * costs one --- */

static char recipients_key;

static int
recipient_get(lua_State *L)
{
	const struct hook_facts *f = hook_engine.config.facts;
	int is_int;
	lua_Integer i = lua_tointegerx(L, 2, &is_int);

	if (f == NULL || lua_type(L, 2) != LUA_TNUMBER || !is_int || i < 1 ||
	    (lua_Unsigned)i > f->nrecipients)
		return 0;
	mod_push_span(L, f->recipients[i - 1]);
	return 1;
}

static int
recipient_count(lua_State *L)
{
	const struct hook_facts *f = hook_engine.config.facts;

	lua_pushinteger(L, f ? (lua_Integer)f->nrecipients : 0);
	return 1;
}

static int
recipient_next(lua_State *L)
{
	lua_Integer i = luaL_optinteger(L, 2, 0) + 1;

	lua_settop(L, 1);
	lua_pushinteger(L, i);
	lua_pushinteger(L, i);
	if (lua_gettable(L, 1) == LUA_TNIL)
		return 1;
	return 2;
}

static int
recipient_pairs(lua_State *L)
{
	lua_pushcfunction(L, recipient_next);
	lua_pushvalue(L, 1);
	return 2;
}

void
mod_client_recipients(lua_State *L, const struct hook_facts *f)
{
	(void)f;
	lua_rawgetp(L, LUA_REGISTRYINDEX, &recipients_key);
}

/* --- the tables --- */

static const struct mod_fact *
find(const struct mod_fact *fields, const char *name)
{
	for (; fields->name != NULL; fields++)
		if (strcmp(fields->name, name) == 0)
			return fields;
	return NULL;
}

/* Upvalue 1 is the table's fields. */
static const struct mod_fact *
find_key(lua_State *L)
{
	if (lua_type(L, 2) != LUA_TSTRING)
		return NULL;
	return find(lua_touserdata(L, lua_upvalueindex(1)),
	    lua_tostring(L, 2));
}

static int
get(lua_State *L)
{
	const struct hook_facts *f = hook_engine.config.facts;
	const struct mod_fact *field = find_key(L);

	if (f == NULL || field == NULL)
		return 0;
	field->push(L, f);
	return 1;
}

/* Facts are read-only; client may carry fields of the script's own. */
static int
set(lua_State *L)
{
	if (find_key(L) != NULL || lua_toboolean(L, lua_upvalueindex(2)))
		return luaL_error(L, "%s is read-only",
		    luaL_tolstring(L, 2, NULL));
	lua_rawset(L, 1);
	return 0;
}

/* pairs(client): the facts that are known now. */
static int
all(lua_State *L)
{
	const struct hook_facts *f = hook_engine.config.facts;
	const struct mod_fact *field = lua_touserdata(L, lua_upvalueindex(1));

	lua_getglobal(L, "next");
	lua_newtable(L);
	for (lua_pushnil(L); lua_next(L, 1) != 0;) {
		lua_pushvalue(L, -2);
		lua_insert(L, -2);
		lua_rawset(L, 3);
	}
	for (; f != NULL && field->name != NULL; field++) {
		field->push(L, f);
		lua_setfield(L, 3, field->name);
	}
	return 2;
}

/* client.write(text) -> boolean: sends text now, if that may be */
static int
client_write(lua_State *L)
{
	const struct hook_facts *f = hook_engine.config.facts;
	struct span text = mod_check_span(L, 1);
	bool sent = false;

	if (f != NULL && f->write != NULL)
		sent = f->write(f->session, text);
	hook_limit_check(L);
	lua_pushboolean(L, sent);
	return 1;
}

/* Raises where there is nothing to keep it with. */
static struct message *
metadata(lua_State *L, bool all)
{
	const struct hook_facts *f = hook_engine.config.facts;
	struct message *m = NULL;

	if (f != NULL && f->metadata != NULL)
		m = f->metadata(f->session, all);
	if (m == NULL)
		luaL_error(L, all ? "there is no connection" :
				    "there is no transaction");
	return m;
}

/* connection.get_meta(key) -> string, number, boolean or nil */
static int
connection_get_meta(lua_State *L)
{
	return mod_msg_get_meta(L, metadata(L, true), 1);
}

/* connection.set_meta(key, value): metadata for every message of this
 * connection whose end is still to come; nil takes it away, and XCLIENT all of
 * it: then accept and params are asked about another client */
static int
connection_set_meta(lua_State *L)
{
	return mod_msg_set_meta(L, metadata(L, true), 1);
}

/* transaction.get_meta(key) -> string, number, boolean or nil */
static int
transaction_get_meta(lua_State *L)
{
	return mod_msg_get_meta(L, metadata(L, false), 1);
}

/* transaction.set_meta(key, value): metadata for the message of this
 * transaction, from hook.mail on; nil takes it away */
static int
transaction_set_meta(lua_State *L)
{
	return mod_msg_set_meta(L, metadata(L, false), 1);
}

/* Gives the table on top its metatable. */
static void
set_view(lua_State *L, const struct mod_fact *fields, bool readonly)
{
	static const luaL_Reg meta[] = {{"__index", get},
	    {"__newindex", set}, {"__pairs", all}, {NULL, NULL}};

	luaL_newlibtable(L, meta);
	lua_pushlightuserdata(L, (void *)(uintptr_t)fields);
	lua_pushboolean(L, readonly);
	luaL_setfuncs(L, meta, 2);
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, -2);
}

static void
open_recipients(lua_State *L)
{
	static const struct mod_fact none[] = {{NULL, NULL}};
	static const luaL_Reg meta[] = {{"__index", recipient_get},
	    {"__len", recipient_count}, {"__pairs", recipient_pairs},
	    {NULL, NULL}};

	lua_newtable(L);
	luaL_newlib(L, meta);
	lua_pushlightuserdata(L, (void *)(uintptr_t)none);
	lua_pushboolean(L, 1);
	lua_pushcclosure(L, set, 2);
	lua_setfield(L, -2, "__newindex");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, -2);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &recipients_key);
}

void
mod_client_open(lua_State *L)
{
	static const luaL_Reg of_connection[] = {
	    {"get_meta", connection_get_meta},
	    {"set_meta", connection_set_meta}, {NULL, NULL}};
	static const luaL_Reg of_transaction[] = {
	    {"get_meta", transaction_get_meta},
	    {"set_meta", transaction_set_meta}, {NULL, NULL}};

	lua_newtable(L);
	lua_pushcfunction(L, client_write);
	lua_setfield(L, -2, "write");
	set_view(L, mod_client_facts, false);
	lua_setglobal(L, "client");
	luaL_newlib(L, of_connection);
	set_view(L, mod_connection_facts, true);
	lua_setglobal(L, "connection");
	luaL_newlib(L, of_transaction);
	set_view(L, mod_transaction_facts, true);
	lua_setglobal(L, "transaction");
	open_recipients(L);
}
