/* mod_msg_octets: msg's header and data (mod_msg.h). */
#include "header.h"
#include "mod_msg.h"
#include <errno.h>

/* Its memory is kept: a call that raises loses nothing. */
static struct compose composer;

static struct span
check_header(lua_State *L, struct message *m)
{
	struct span block;

	if (message_header(m, &block) == -1)
		luaL_error(L, "the message cannot be read: %s",
		    strerror(errno));
	return block;
}

static unsigned
check_number(lua_State *L, int idx, lua_Integer usual)
{
	lua_Integer n = luaL_optinteger(L, idx, usual);

	luaL_argcheck(L, n >= 1 && n <= 1000000, idx, "not from 1 on");
	return (unsigned)n;
}

void
mod_push_value(lua_State *L, struct span value)
{
	struct buf *out = mod_scratch();
	struct span line;

	value = span_trim(value);
	while (value.n > 0) {
		size_t n = span_chr(value, '\r');

		line = span_head(value, n);
		buf_put(out, line);
		value = span_skip(value, n);
		if (value.n > 2 && value.p[1] == '\n')
			value = span_skip(value, 2);
		else if (value.n > 0)
			value = span_skip(value, 1);
	}
	mod_push_scratch(L);
}

/* msg:header(name [, n]) -> string | nil: the value of the n-th field of that
 * name, else the first, as it will leave, folds undone; nil when there is
 * none */
static int
header(lua_State *L)
{
	struct message *m = mod_msg_check(L);
	struct span name = mod_check_span(L, 2), value;
	unsigned n = check_number(L, 3, 1);

	if (edits_find(m->edits, check_header(L, m), name, n, &value))
		mod_push_value(L, value);
	else
		luaL_pushfail(L);
	return 1;
}

/* msg:headers([name]) -> array: the values of the fields of that name; of
 * all fields, tables with name and value, also as [1] and [2] */
static int
headers(lua_State *L)
{
	struct message *m = mod_msg_check(L);
	struct span block = check_header(L, m), name = {NULL, 0};
	struct edits_walk w;
	struct header_field f;
	lua_Integer n = 0;

	if (!lua_isnoneornil(L, 2))
		name = mod_check_span(L, 2);
	lua_newtable(L);
	edits_start(&w, m->edits, block);
	while (edits_next(&w, &f)) {
		if (name.p != NULL && !span_ieq(f.name, name))
			continue;
		mod_push_value(L, f.value);
		if (name.p == NULL) {
			lua_createtable(L, 2, 2);
			lua_insert(L, -2);
			lua_pushvalue(L, -1);
			lua_rawseti(L, -3, 2);
			lua_setfield(L, -2, "value");
			mod_push_span(L, f.name);
			lua_pushvalue(L, -1);
			lua_rawseti(L, -3, 1);
			lua_setfield(L, -2, "name");
		}
		lua_rawseti(L, -2, ++n);
	}
	return 1;
}

static int
add(lua_State *L, enum edit_kind kind)
{
	struct message *m = mod_msg_change(L, MESSAGE_HEADER);
	struct span name = mod_check_span(L, 2), value = mod_check_span(L, 3);
	const char *why = edits_add(m->edits, kind, name, value);

	if (why != NULL)
		return mod_fail(L, "%s", why);
	lua_pushboolean(L, true);
	return 1;
}

/* msg:prepend_header(name, value) -> true | nil, error: a new field in front
 * of the others */
static int
prepend_header(lua_State *L)
{
	return add(L, EDIT_PREPEND);
}

/* msg:append_header(name, value) -> true | nil, error: a new field behind the
 * others */
static int
append_header(lua_State *L)
{
	return add(L, EDIT_APPEND);
}

/* msg:set_header(name, value) -> true | nil, error: the one field of that
 * name: the first gets the value and the others go; a new one behind the
 * others when there is none */
static int
set_header(lua_State *L)
{
	struct message *m = mod_msg_change(L, MESSAGE_HEADER);
	struct span name = mod_check_span(L, 2), value = mod_check_span(L, 3);
	struct span block = check_header(L, m), other;
	unsigned count;
	const char *why;

	why = edits_modify(m->edits, block, name, 1, value, &count);
	if (why == NULL && count == 0)
		why = edits_add(m->edits, EDIT_APPEND, name, value);
	while (why == NULL && edits_find(m->edits, block, name, 2, &other))
		why = edits_delete(m->edits, block, name, 2, &count);
	if (why != NULL)
		return mod_fail(L, "%s", why);
	lua_pushboolean(L, true);
	return 1;
}

/* msg:remove_header(name [, n]) -> integer | nil, error: takes away the n-th
 * field of that name, else all of them: how many */
static int
remove_header(lua_State *L)
{
	struct message *m = mod_msg_change(L, MESSAGE_HEADER);
	struct span name = mod_check_span(L, 2);
	unsigned n = lua_isnoneornil(L, 3) ? 0 : check_number(L, 3, 1), count;
	const char *why = edits_delete(m->edits, check_header(L, m), name, n,
	    &count);

	if (why != NULL)
		return mod_fail(L, "%s", why);
	lua_pushinteger(L, (lua_Integer)count);
	return 1;
}

/* msg:size() -> integer: octets as received, or of the data that has taken
 * their place; without what is added to the header */
static int
size(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)message_size(mod_msg_check(L)));
	return 1;
}

static int
push_copy(lua_State *L, struct message *m)
{
	struct span path;

	if (message_copy_file(m, &path) == -1)
		return mod_fail(L, "no file can be made of it: %s",
		    strerror(errno));
	mod_push_span(L, path);
	return 1;
}

/* msg:path() -> string | nil, error: a file that holds the message: as it was
 * sent in hook.dot, later a copy as it will leave, which is made at the first
 * call and gone when the hook has ended */
static int
path(lua_State *L)
{
	struct message *m = mod_msg_check(L);

	if (m->file.p == NULL || m->replaced)
		return push_copy(L, m);
	mod_push_span(L, m->file);
	return 1;
}

/* msg:compose() -> string | nil, error: a file that holds the message as it
 * will leave, gone when the hook has ended */
static int
compose(lua_State *L)
{
	return push_copy(L, mod_msg_check(L));
}

/* msg:data() -> string: the whole message as it will leave, CRLF lines */
static int
data(lua_State *L)
{
	struct message *m = mod_msg_check(L);
	int64_t whole;
	struct span piece;
	luaL_Buffer b;
	int r;

	message_compose(m, &composer);
	whole = compose_size(&composer);
	if (whole < 0)
		return luaL_error(L, "the message cannot be read: %s",
		    strerror(errno));
	luaL_buffinitsize(L, &b, (size_t)whole);
	while ((r = compose_next(&composer, &piece)) == 1)
		luaL_addlstring(&b, piece.p, piece.n);
	compose_end(&composer);
	if (r == -1)
		return luaL_error(L, "the message cannot be read: %s",
		    strerror(errno));
	luaL_pushresult(&b);
	return 1;
}

/* msg:set_data(text) -> true | nil, error: another message, header and all,
 * in the place of this one and of what was changed of it; every line ends in
 * CRLF */
static int
set_data(lua_State *L)
{
	struct message *m = mod_msg_change(L, MESSAGE_DATA);
	const char *why = message_set_data(m, mod_check_span(L, 2));

	if (why != NULL)
		return mod_fail(L, "%s", why);
	lua_pushboolean(L, true);
	return 1;
}

const luaL_Reg mod_msg_octets[] = {
    {"append_header", append_header},
    {"compose", compose},
    {"data", data},
    {"header", header},
    {"headers", headers},
    {"path", path},
    {"prepend_header", prepend_header},
    {"remove_header", remove_header},
    {"set_data", set_data},
    {"set_header", set_header},
    {"size", size},
    {NULL, NULL},
};
