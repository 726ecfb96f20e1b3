/*
 * mod_header: the module `header': changes to the header of the message at
 * hand. They are recorded in its envelope and applied when it is delivered;
 * later hooks see them (edits.h). From hook.mail on fields can be added; what
 * looks at the message needs its header: from hook.eoh on.
 */
#include "edits.h"
#include "mod.h"

#define NO_MESSAGE "there is no message"

static struct edits *
pending(void)
{
	const struct hook_facts *f = hook_engine.config.facts;

	return f != NULL && f->in_transaction ? f->edits : NULL;
}

/* The message's header as it was sent; false when it is not here yet. */
static bool
received(struct span *block)
{
	const struct hook_facts *f = hook_engine.config.facts;

	return f->header != NULL && f->header(f->session, block);
}

static int
add(lua_State *L, enum edit_kind kind)
{
	struct span name = mod_check_span(L, 1), value = mod_check_span(L, 2);
	struct edits *e = pending();
	const char *why;

	if (e == NULL)
		return mod_fail(L, NO_MESSAGE);
	if ((why = edits_add(e, kind, name, value)) != NULL)
		return mod_fail(L, "%s", why);
	lua_pushboolean(L, true);
	return 1;
}

/* header.add(name, value) -> true | nil, error: a new field behind the
 * others. */
static int
header_add(lua_State *L)
{
	return add(L, EDIT_APPEND);
}

/* header.insert(name, value) -> true | nil, error: a new field in front of
 * the others, below our Received. */
static int
header_insert(lua_State *L)
{
	return add(L, EDIT_PREPEND);
}

static unsigned
check_number(lua_State *L, int idx, lua_Integer usual)
{
	lua_Integer n = luaL_optinteger(L, idx, usual);

	luaL_argcheck(L, n >= 1 && n <= 1000000, idx, "not from 1 on");
	return (unsigned)n;
}

/* header.modify(name, value [, n]) -> count | nil, error: another value for
 * the n-th field of that name, else the first; 0 when there is none. */
static int
header_modify(lua_State *L)
{
	struct span name = mod_check_span(L, 1), value = mod_check_span(L, 2);
	unsigned n = check_number(L, 3, 1), count;
	struct edits *e = pending();
	struct span block;
	const char *why;

	if (e == NULL || !received(&block))
		return mod_fail(L, NO_MESSAGE);
	if ((why = edits_modify(e, block, name, n, value, &count)) != NULL)
		return mod_fail(L, "%s", why);
	lua_pushinteger(L, (lua_Integer)count);
	return 1;
}

/* header.delete(name [, n]) -> count | nil, error: takes away the n-th field
 * of that name, else all of them. */
static int
header_delete(lua_State *L)
{
	struct span name = mod_check_span(L, 1);
	unsigned n = lua_isnoneornil(L, 2) ? 0 : check_number(L, 2, 1), count;
	struct edits *e = pending();
	struct span block;
	const char *why;

	if (e == NULL || !received(&block))
		return mod_fail(L, NO_MESSAGE);
	if ((why = edits_delete(e, block, name, n, &count)) != NULL)
		return mod_fail(L, "%s", why);
	lua_pushinteger(L, (lua_Integer)count);
	return 1;
}

/* header.find(name [, n]) -> value | nil, error: the value of the n-th field
 * of that name, else the first, as it will leave, folds kept; nothing, not
 * even an error, when there is none. */
static int
header_find(lua_State *L)
{
	struct span name = mod_check_span(L, 1), block, value;
	unsigned n = check_number(L, 2, 1);
	struct edits *e = pending();

	if (e == NULL || !received(&block))
		return mod_fail(L, NO_MESSAGE);
	if (!edits_find(e, block, name, n, &value))
		return 0;
	mod_push_span(L, value);
	return 1;
}

static const luaL_Reg functions[] = {
    {"add", header_add},
    {"delete", header_delete},
    {"find", header_find},
    {"insert", header_insert},
    {"modify", header_modify},
    {NULL, NULL},
};

int
mod_header_open(lua_State *L)
{
	luaL_newlib(L, functions);
	return 1;
}
