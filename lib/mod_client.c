/*
 * mod_client: the tables client, connection and transaction. Each is empty:
 * a read comes here and is answered from struct hook_facts as it is at that
 * moment, so nothing can be out of date and what nobody reads costs nothing.
 */
#include "mod.h"
#include "mod_msg.h"

typedef void fact(lua_State *, const struct hook_facts *);

struct field {
	const char *name;
	fact *push;
};

static void
push_text(lua_State *L, struct span s)
{
	mod_push_span(L, s);
}

/* "25" as an integer. */
static void
push_port(lua_State *L, struct span s)
{
	lua_Integer port = 0;

	for (size_t i = 0; i < s.n && i < 5 && ascii_isdigit(s.p[i]); i++)
		port = port * 10 + (s.p[i] - '0');
	if (s.n == 0)
		lua_pushnil(L);
	else
		lua_pushinteger(L, port);
}

static void
ip(lua_State *L, const struct hook_facts *f)
{
	push_text(L, f->ip);
}

static void
port(lua_State *L, const struct hook_facts *f)
{
	push_port(L, f->port);
}

static void
local_ip(lua_State *L, const struct hook_facts *f)
{
	push_text(L, f->local_ip);
}

static void
local_port(lua_State *L, const struct hook_facts *f)
{
	push_port(L, f->local_port);
}

/* May ask the DNS, which may outlast the hook. */
static void
host(lua_State *L, const struct hook_facts *f)
{
	struct span s = {NULL, 0};

	if (f->host != NULL)
		s = f->host(f->session);
	hook_limit_check(L);
	push_text(L, s);
}

static void
id_session(lua_State *L, const struct hook_facts *f)
{
	push_text(L, f->id_session);
}

static void
id_transaction(lua_State *L, const struct hook_facts *f)
{
	push_text(L, f->id_transaction);
}

static void
visible(lua_State *L, const struct hook_facts *f, struct span s)
{
	if (f->in_transaction)
		push_text(L, s);
	else
		lua_pushnil(L);
}

static void
id_trans(lua_State *L, const struct hook_facts *f)
{
	visible(L, f, f->id_transaction);
}

static void
msg_file(lua_State *L, const struct hook_facts *f)
{
	visible(L, f, f->msg_file);
}

static void
input(lua_State *L, const struct hook_facts *f)
{
	push_text(L, f->input);
}

static void
pipelining(lua_State *L, const struct hook_facts *f)
{
	lua_pushboolean(L, f->pipelining);
}

static void
helo(lua_State *L, const struct hook_facts *f)
{
	push_text(L, f->helo);
}

static void
protocol(lua_State *L, const struct hook_facts *f)
{
	push_text(L, f->protocol);
}

static void
relay(lua_State *L, const struct hook_facts *f)
{
	lua_pushboolean(L, f->relay);
}

static void
auth(lua_State *L, const struct hook_facts *f)
{
	if (f->auth_user.p == NULL) {
		lua_pushnil(L);
		return;
	}
	lua_createtable(L, 0, 2);
	push_text(L, f->auth_user);
	lua_setfield(L, -2, "user");
	push_text(L, f->auth_mechanism);
	lua_setfield(L, -2, "mechanism");
}

static void
tls(lua_State *L, const struct hook_facts *f)
{
	if (f->tls_protocol.p == NULL) {
		lua_pushnil(L);
		return;
	}
	lua_createtable(L, 0, 6);
	push_text(L, f->tls_protocol);
	lua_setfield(L, -2, "protocol");
	push_text(L, f->tls_cipher);
	lua_setfield(L, -2, "cipher");
	push_text(L, f->tls_sni);
	lua_setfield(L, -2, "sni");
	push_text(L, f->tls_peer);
	lua_setfield(L, -2, "peer");
	lua_pushinteger(L, f->tls_bits);
	lua_setfield(L, -2, "bits");
	lua_pushboolean(L, f->tls_resumed);
	lua_setfield(L, -2, "resumed");
}

static void
sender(lua_State *L, const struct hook_facts *f)
{
	push_text(L, f->sender);
}

static void
params(lua_State *L, const struct hook_facts *f)
{
	if (f->sender.p == NULL)
		lua_pushnil(L);
	else
		hook_result_params(L, f->params);
}

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
	push_text(L, f->recipients[i - 1]);
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

static void
recipients(lua_State *L, const struct hook_facts *f)
{
	(void)f;
	lua_rawgetp(L, LUA_REGISTRYINDEX, &recipients_key);
}

/* --- the tables --- */

static const struct field client[] = {
    {"address", ip},
    {"port", port},
    {"host", host},
    {"local_address", local_ip},
    {"id_log", id_session},
    {"id_sess", id_session},
    {"id_trans", id_trans},
    {"msg_file", msg_file},
    {"input", input},
    {"is_pipelining", pipelining},
    {NULL, NULL},
};

static const struct field connection[] = {
    {"remote_ip", ip},
    {"remote_port", port},
    {"local_ip", local_ip},
    {"local_port", local_port},
    {"ptr", host},
    {"helo", helo},
    {"protocol", protocol},
    {"auth", auth},
    {"tls", tls},
    {"relay", relay},
    {"id", id_session},
    {NULL, NULL},
};

static const struct field transaction[] = {
    {"id", id_transaction},
    {"sender", sender},
    {"params", params},
    {"recipients", recipients},
    {NULL, NULL},
};

static const struct field *
find(const struct field *fields, const char *name)
{
	for (; fields->name != NULL; fields++)
		if (strcmp(fields->name, name) == 0)
			return fields;
	return NULL;
}

/* Upvalue 1 is the table's fields. */
static const struct field *
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
	const struct field *field = find_key(L);

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
	const struct field *field = lua_touserdata(L, lua_upvalueindex(1));

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
 * connection whose end is still to come; nil takes it away */
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
set_view(lua_State *L, const struct field *fields, bool readonly)
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
	static const struct field none[] = {{NULL, NULL}};
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
	set_view(L, client, false);
	lua_setglobal(L, "client");
	luaL_newlib(L, of_connection);
	set_view(L, connection, true);
	lua_setglobal(L, "connection");
	luaL_newlib(L, of_transaction);
	set_view(L, transaction, true);
	lua_setglobal(L, "transaction");
	open_recipients(L);
}
