/*
 * hook_fields: a table that a hook returned, as typed fields (HOOK_TABLE), or
 * an array of arrays (HOOK_LISTS). Runs inside a protected call: what is not
 * as it has to be raises, and so becomes the stage's failure.
 *
 * Only what lies in the table itself is read, never its metatable's: reading
 * cannot run the script. Names and texts are copied out of Lua's memory.
 */
#include "mod.h"
#include <math.h>
#include <stdio.h>

#define FIELDS_MAX 256		 /* of one table */
#define NAME_OCTETS 128		 /* of a field's name */
#define TEXT_MAX   (64u * 1024)  /* octets of a table's texts */
#define LISTS_MAX  (16u << 20)	 /* the same for HOOK_LISTS */

/* Texts grow in hooks.list and move with it: until all is read a field holds
 * offsets in the place of pointers. */
struct reader {
	lua_State *L;
	struct buf *text;
	struct buf *fields;
	size_t max; /* octets of text */
};

static void
put(const struct reader *r, struct span s)
{
	if (s.n > r->max || r->text->n > r->max - s.n)
		luaL_error(r->L, "the table is too big");
	buf_put(r->text, s);
}

/* Blanks, tabs and line ends may stand in a text, other controls nowhere. */
static void
check_text(lua_State *L, struct span name, struct span s, bool lines)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if ((unsigned char)c >= ' ' && c != 0x7f)
			continue;
		if (lines && (c == '\n' || c == '\t'))
			continue;
		luaL_error(L, "%s holds a control character",
		    name.n > 0 ? lua_pushlstring(L, name.p, name.n) :
				 "an item");
	}
}

static struct hook_field *
add(const struct reader *r, struct span name)
{
	struct hook_field *f = (void *)buf_reserve(r->fields, sizeof *f);

	r->fields->n += sizeof *f;
	memset(f, 0, sizeof *f);
	f->name.n = name.n;
	f->at_name = r->text->n;
	put(r, name);
	f->at_text = r->text->n;
	return f;
}

/* The strings of the array on top, divided by '\n'. */
static void
put_items(const struct reader *r, struct hook_field *f, struct span name)
{
	lua_State *L = r->L;
	lua_Unsigned n = lua_rawlen(L, -1), seen = 0;

	for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1))
		if (++seen > n || lua_type(L, -2) != LUA_TNUMBER)
			luaL_error(L, "%s is no array of strings",
			    lua_pushlstring(L, name.p, name.n));
	for (lua_Unsigned i = 1; i <= n; i++) {
		struct span s;

		int type = lua_rawgeti(L, -1, (lua_Integer)i);

		if (type != LUA_TSTRING)
			luaL_error(L, "item %d of %s is a %s", (int)i,
			    lua_pushlstring(L, name.p, name.n),
			    lua_typename(L, type));
		s = mod_check_span(L, -1);
		check_text(L, name, s, false);
		if (i > 1)
			put(r, SPAN("\n"));
		put(r, s);
		lua_pop(L, 1);
	}
	f->items = (size_t)n;
}

static void
put_number(const struct reader *r, struct span name)
{
	lua_State *L = r->L;
	size_t n;
	const char *p;

	if (!lua_isinteger(L, -1) && !isfinite(lua_tonumber(L, -1)))
		luaL_error(L, "%s is no finite number",
		    lua_pushlstring(L, name.p, name.n));
	/* A copy: what is a key must not change under lua_next(). */
	lua_pushvalue(L, -1);
	p = lua_tolstring(L, -1, &n);
	put(r, span_make(p, n));
	lua_pop(L, 1);
}

static bool
has_names(lua_State *L)
{
	bool named;

	lua_pushnil(L);
	if (lua_next(L, -2) == 0)
		return false;
	named = lua_type(L, -2) == LUA_TSTRING;
	lua_pop(L, 2);
	return named;
}

static struct span check_name(lua_State *L, size_t *n);
static void put_field(const struct reader *r, struct span name, size_t *n);

/* The fields of the table on top, as "name.field". */
static void
put_named(const struct reader *r, struct span name, size_t *n)
{
	lua_State *L = r->L;

	for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
		struct span part = check_name(L, n), whole;
		char both[2 * NAME_OCTETS + 1];

		if (lua_istable(L, -1))
			luaL_error(L, "%s is a table in a table in a table",
			    lua_pushlstring(L, part.p, part.n));
		memcpy(both, name.p, name.n);
		both[name.n] = '.';
		memcpy(both + name.n + 1, part.p, part.n);
		whole = span_make(both, name.n + 1 + part.n);
		put_field(r, whole, n);
	}
}

/* The field whose value is on top. */
static void
put_field(const struct reader *r, struct span name, size_t *n)
{
	lua_State *L = r->L;
	int type = lua_type(L, -1);
	struct hook_field *f;
	struct span s;

	if (type == LUA_TTABLE && has_names(L)) {
		put_named(r, name, n);
		return;
	}
	f = add(r, name);
	switch (type) {
	case LUA_TSTRING:
		f->type = FIELD_STRING;
		s = mod_check_span(L, -1);
		check_text(L, name, s, true);
		put(r, s);
		break;
	case LUA_TNUMBER:
		f->type = FIELD_NUMBER;
		put_number(r, name);
		break;
	case LUA_TBOOLEAN:
		f->type = FIELD_BOOLEAN;
		put(r, lua_toboolean(L, -1) ? SPAN("1") : SPAN("0"));
		break;
	case LUA_TTABLE:
		f->type = FIELD_LIST;
		put_items(r, f, name);
		break;
	default:
		luaL_error(L, "%s is a %s", lua_pushlstring(L, name.p,
		    name.n), lua_typename(L, type));
	}
	f->text.n = r->text->n - f->at_text;
}

static int
compare(struct span a, struct span b)
{
	int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

/* In the order of their names: a table has none of its own. */
static void
sort(struct hook_field *f, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k > 0 &&
		    compare(f[k].name, f[k - 1].name) < 0; k--) {
			struct hook_field t = f[k];

			f[k] = f[k - 1];
			f[k - 1] = t;
		}
}

static void
finish(const struct reader *r, struct verdict *v)
{
	struct hook_field *f = (void *)r->fields->p;

	v->nfields = r->fields->n / sizeof *f;
	for (size_t i = 0; i < v->nfields; i++) {
		f[i].name.p = buf_span(r->text).p + f[i].at_name;
		f[i].text.p = buf_span(r->text).p + f[i].at_text;
	}
	v->fields = f;
	v->table = true;
}

/* The key below the value on top. */
static struct span
check_name(lua_State *L, size_t *n)
{
	struct span name;

	if (lua_type(L, -2) != LUA_TSTRING)
		luaL_error(L, "the table has a key that is a %s",
		    luaL_typename(L, -2));
	name = mod_check_span(L, -2);
	check_text(L, SPAN("a name"), name, false);
	if (name.n == 0 || name.n > NAME_OCTETS || ++*n > FIELDS_MAX)
		luaL_error(L, "the table is too big");
	return name;
}

static struct reader
start(lua_State *L, struct hook_call *call, size_t max)
{
	buf_reset(&call->h->list);
	buf_reset(&call->h->fields);
	return (struct reader){L, &call->h->list, &call->h->fields, max};
}

void
hook_fields_read(lua_State *L, struct hook_call *call, int idx)
{
	struct reader r = start(L, call, TEXT_MAX);
	size_t n = 0;

	lua_pushvalue(L, idx);
	for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
		struct span name = check_name(L, &n);

		put_field(&r, name, &n);
	}
	lua_pop(L, 1);
	finish(&r, call->v);
	sort((void *)r.fields->p, call->v->nfields);
}

void
hook_fields_read_lists(lua_State *L, struct hook_call *call, int idx)
{
	struct reader r = start(L, call, LISTS_MAX);
	lua_Unsigned n = lua_rawlen(L, idx), seen = 0;

	lua_pushvalue(L, idx);
	for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1))
		if (++seen > n || lua_type(L, -2) != LUA_TNUMBER)
			luaL_error(L, "what it returned is no array");
	for (lua_Unsigned i = 1; i <= n; i++) {
		struct hook_field *f;
		char what[32];

		if (lua_rawgeti(L, -1, (lua_Integer)i) != LUA_TTABLE)
			luaL_error(L, "item %d is a %s", (int)i,
			    luaL_typename(L, -1));
		snprintf(what, sizeof what, "list %llu",
		    (unsigned long long)i);
		f = add(&r, span_of(NULL));
		f->type = FIELD_LIST;
		put_items(&r, f, span_of(what));
		f->text.n = r.text->n - f->at_text;
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
	finish(&r, call->v);
}

static void
push_value(lua_State *L, const struct hook_field *f)
{
	struct span rest = f->text, item;

	switch (f->type) {
	case FIELD_STRING:
		mod_push_span(L, f->text);
		break;
	case FIELD_NUMBER:
		mod_push_span(L, f->text);
		if (lua_stringtonumber(L, lua_tostring(L, -1)) > 0)
			lua_remove(L, -2);
		break;
	case FIELD_BOOLEAN:
		lua_pushboolean(L, span_eq(f->text, SPAN("1")));
		break;
	case FIELD_LIST:
		lua_createtable(L, (int)f->items, 0);
		for (size_t i = 1; i <= f->items; i++) {
			span_cut(&rest, '\n', &item);
			mod_push_span(L, item);
			lua_rawseti(L, -2, (lua_Integer)i);
		}
		break;
	}
}

void
hook_fields_push(lua_State *L, const struct hook_field *f, size_t n)
{
	lua_newtable(L);
	for (size_t i = 0; i < n; i++) {
		size_t dot = span_chr(f[i].name, '.');

		if (dot == f[i].name.n) {
			mod_push_span(L, f[i].name);
			push_value(L, &f[i]);
			lua_rawset(L, -3);
			continue;
		}
		mod_push_span(L, span_head(f[i].name, dot));
		lua_pushvalue(L, -1);
		if (lua_rawget(L, -3) != LUA_TTABLE) {
			lua_pop(L, 1);
			lua_newtable(L);
			lua_pushvalue(L, -2);
			lua_pushvalue(L, -2);
			lua_rawset(L, -5);
		}
		mod_push_span(L, span_skip(f[i].name, dot + 1));
		push_value(L, &f[i]);
		lua_rawset(L, -3);
		lua_pop(L, 2);
	}
}
