/*
 * mod_msg: the value `msg' itself; its methods are mod_msg_envelope.c's and
 * mod_msg_octets.c's.
 *
 * The value holds a pointer that lives as long as one call of a hook, and the
 * number of that call. What a script kept from another call is refused by
 * the number, and the pointer is never looked at.
 */
#include "mod_msg.h"

static char key; /* of the metatable in the registry */

struct view {
	struct message *message;
	unsigned long call;
};

static void
push_metatable(lua_State *L)
{
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &key) != LUA_TNIL)
		return;
	lua_pop(L, 1);
	lua_createtable(L, 0, 3);
	lua_createtable(L, 0, 32);
	luaL_setfuncs(L, mod_msg_envelope, 0);
	luaL_setfuncs(L, mod_msg_octets, 0);
	luaL_setfuncs(L, mod_msg_parts, 0);
	lua_setfield(L, -2, "__index");
	lua_pushliteral(L, "msg");
	lua_setfield(L, -2, "__name");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
}

void
mod_msg_push(lua_State *L, struct message *m)
{
	struct view *v = lua_newuserdatauv(L, sizeof *v, 0);

	v->message = m;
	v->call = hook_engine.calls;
	push_metatable(L);
	lua_setmetatable(L, -2);
}

struct message *
mod_msg_check(lua_State *L)
{
	const struct view *v = mod_test_userdata(L, 1, &key);

	if (v == NULL)
		luaL_typeerror(L, 1, "msg");
	if (v->call != hook_engine.calls)
		luaL_error(L, "this msg was another hook's; it ended with it");
	return v->message;
}

struct message *
mod_msg_change(lua_State *L, unsigned part)
{
	static const char *const names[] = {"sender", "recipients", "header",
	    "metadata", "data"};
	struct message *m = mod_msg_check(L);

	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if ((part & m->fixed & 1u << i) != 0)
			luaL_error(L, "the %s cannot be changed at this stage",
			    names[i]);
	return m;
}
