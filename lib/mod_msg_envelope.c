/* mod_msg_envelope: msg's envelope and metadata (mod_msg.h). */
#include "mod_msg.h"
#include "queue_name.h"
#include <math.h>
#include <stdio.h>

/* msg:id() -> string: the id of its entry in the queue, which the 250
 * names */
static int
id(lua_State *L)
{
	mod_push_span(L, mod_msg_check(L)->id);
	return 1;
}

/* msg:attempts() -> integer: attempts that were counted, 0 before the
 * first */
static int
attempts(lua_State *L)
{
	lua_pushinteger(L, mod_msg_check(L)->attempts);
	return 1;
}

/* msg:age() -> number: seconds since it was received */
static int
age(lua_State *L)
{
	int64_t us = clock_wall_us() - mod_msg_check(L)->received_us;

	lua_pushnumber(L, us > 0 ? (lua_Number)us / 1e6 : 0.0);
	return 1;
}

/* msg:queue() -> string: the name of its queue, as its metadata and its first
 * recipient make it (smtpe-queue(5)) */
static int
queue(lua_State *L)
{
	const struct message *m = mod_msg_check(L);
	struct envelope_rcpt first = {0};
	struct envelope env = {.meta = m->meta, .nmeta = m->nmeta};
	struct queue_parts parts;
	struct buf *name = mod_scratch();

	if (m->nrcpts > 0) {
		first.address = m->rcpts[0].address;
		env.rcpts = &first;
		env.nrcpts = 1;
	}
	queue_name_parts(&env, &parts);
	queue_name_format(&parts, name);
	mod_push_span(L, buf_span(name));
	return 1;
}

/* msg:log(text): a line with the message's id in the log */
static int
log_line(lua_State *L)
{
	const struct message *m = mod_msg_check(L);
	struct span text = mod_check_span(L, 2);
	struct log l;

	log_open(&l, "script");
	log_span(&l, "id", m->id);
	log_span(&l, "text", text);
	log_send(&l);
	return 0;
}

/* --- addresses --- */

/* msg:sender() -> string: without <>, "" for the null sender */
static int
sender(lua_State *L)
{
	struct span s = mod_msg_check(L)->sender;

	mod_push_span(L, s.p != NULL ? s : SPAN(""));
	return 1;
}

/* Wrong addresses raise: mail that goes on as it was would not be what the
 * script has meant. */
static int
bad_address(lua_State *L, struct span address, const char *why)
{
	lua_pushlstring(L, address.p, address.n < 200 ? address.n : 200);
	return luaL_error(L, "'%s' is no address: %s", lua_tostring(L, -1),
	    why);
}

/* msg:set_sender(address): "" is the null sender; what is no address
 * raises */
static int
set_sender(lua_State *L)
{
	struct message *m = mod_msg_change(L, MESSAGE_SENDER);
	struct span address = mod_check_span(L, 2);
	const char *why = message_set_sender(m, address);

	return why == NULL ? 0 : bad_address(L, address, why);
}

/* msg:recipients() -> array of strings: those that are to get it, in order;
 * what is done already is not among them */
static int
recipients(lua_State *L)
{
	const struct message *m = mod_msg_check(L);
	lua_Integer n = 0;

	lua_newtable(L);
	for (size_t i = 0; i < m->nrcpts; i++) {
		if (m->rcpts[i].state != RCPT_OPEN)
			continue;
		mod_push_span(L, m->rcpts[i].address);
		lua_rawseti(L, -2, ++n);
	}
	return 1;
}

/* {relay = true} at idx, if there is something. */
static bool
check_relay(lua_State *L, int idx)
{
	bool relay;

	if (lua_isnoneornil(L, idx))
		return false;
	luaL_checktype(L, idx, LUA_TTABLE);
	if (lua_getfield(L, idx, "relay") != LUA_TNIL &&
	    !lua_isboolean(L, -1))
		luaL_error(L, "relay is a %s, not a boolean",
		    luaL_typename(L, -1));
	relay = lua_toboolean(L, -1);
	lua_pop(L, 1);
	return relay;
}

/* msg:set_recipients(array [, options]): these instead of the ones there are;
 * options.relay = true admits those that are new, whosever mail it is */
static int
set_recipients(lua_State *L)
{
	struct message *m = mod_msg_change(L, MESSAGE_RCPTS);
	bool relay = check_relay(L, 3);
	struct message_list list = {0};
	lua_Unsigned n;

	luaL_checktype(L, 2, LUA_TTABLE);
	n = lua_rawlen(L, 2);
	for (lua_Unsigned i = 1; i <= n; i++) {
		struct span address;
		const char *why;

		if (lua_rawgeti(L, 2, (lua_Integer)i) != LUA_TSTRING)
			return luaL_error(L, "recipient %d is a %s", (int)i,
			    luaL_typename(L, -1));
		address = mod_check_span(L, -1);
		why = message_list_put(m, &list, address, relay);
		if (why != NULL)
			return bad_address(L, address, why);
		lua_pop(L, 1);
	}
	message_list_end(m, &list);
	return 0;
}

/* msg:add_recipient(address [, options]): one more, behind the others;
 * options as for set_recipients */
static int
add_recipient(lua_State *L)
{
	struct message *m = mod_msg_change(L, MESSAGE_RCPTS);
	struct span address = mod_check_span(L, 2);
	bool relay = check_relay(L, 3);
	const char *why = message_add_rcpt(m, address, relay);

	return why == NULL ? 0 : bad_address(L, address, why);
}

/* msg:remove_recipient(address) -> integer: how many there were of it */
static int
remove_recipient(lua_State *L)
{
	struct message *m = mod_msg_change(L, MESSAGE_RCPTS);

	lua_pushinteger(L,
	    (lua_Integer)message_remove_rcpt(m, mod_check_span(L, 2)));
	return 1;
}

/* --- metadata --- */

int
mod_msg_get_meta(lua_State *L, const struct message *m, int idx)
{
	const struct envelope_meta *meta =
	    message_meta(m, mod_check_span(L, idx));

	if (meta == NULL) {
		luaL_pushfail(L);
		return 1;
	}
	if (meta->type == META_BOOL) {
		lua_pushboolean(L, span_eq(meta->value, SPAN("true")));
		return 1;
	}
	mod_push_span(L, meta->value);
	/* The number is pushed above its text, if it is one. */
	if (meta->type == META_NUMBER)
		lua_stringtonumber(L, lua_tostring(L, -1));
	return 1;
}

/* msg:get_meta(key) -> string, number, boolean or nil */
static int
get_meta(lua_State *L)
{
	return mod_msg_get_meta(L, mod_msg_check(L), 2);
}

/* A number that reads back as itself. */
static struct span
number_text(lua_State *L, int idx, char out[40])
{
	int n;

	if (lua_isinteger(L, idx)) {
		n = snprintf(out, 40, "%lld", (long long)lua_tointeger(L, idx));
	} else {
		n = snprintf(out, 40, "%.17g", lua_tonumber(L, idx));
		if (strpbrk(out, ".eEn") == NULL)
			n += snprintf(out + n, 40 - (size_t)n, ".0");
	}
	return span_make(out, (size_t)n);
}

int
mod_msg_set_meta(lua_State *L, struct message *m, int idx)
{
	struct span name = mod_check_span(L, idx), value = {NULL, 0};
	enum meta_type type = META_STRING;
	const char *why;
	char number[40];

	switch (lua_type(L, idx + 1)) {
	case LUA_TNIL:
		break;
	case LUA_TSTRING:
		value = mod_check_span(L, idx + 1);
		break;
	case LUA_TNUMBER:
		type = META_NUMBER;
		luaL_argcheck(L, isfinite(lua_tonumber(L, idx + 1)), idx + 1,
		    "not a finite number");
		value = number_text(L, idx + 1, number);
		break;
	case LUA_TBOOLEAN:
		type = META_BOOL;
		value = lua_toboolean(L, idx + 1) ? SPAN("true") :
						    SPAN("false");
		break;
	default:
		return luaL_typeerror(L, idx + 1,
		    "string, number, boolean or nil");
	}
	if ((why = message_set_meta(m, name, type, value)) != NULL)
		return luaL_error(L, "metadata: %s", why);
	return 0;
}

/* msg:set_meta(key, value): a string, a number or a boolean, kept with the
 * message until it is gone; nil takes it away */
static int
set_meta(lua_State *L)
{
	return mod_msg_set_meta(L, mod_msg_change(L, MESSAGE_META), 2);
}

const luaL_Reg mod_msg_envelope[] = {
    {"add_recipient", add_recipient},
    {"age", age},
    {"attempts", attempts},
    {"get_meta", get_meta},
    {"id", id},
    {"log", log_line},
    {"queue", queue},
    {"recipients", recipients},
    {"remove_recipient", remove_recipient},
    {"sender", sender},
    {"set_meta", set_meta},
    {"set_recipients", set_recipients},
    {"set_sender", set_sender},
    {NULL, NULL},
};
