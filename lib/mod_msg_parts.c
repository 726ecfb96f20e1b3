/* mod_msg_parts: the parts of msg (mod_msg.h, mime.h). */
#include "header.h"
#include "mime.h"
#include "mod_msg.h"
#include <errno.h>

/*
 * The part that a function was made for: upvalue 1 is msg, 2 the part's
 * number, 3 how often the message had been changed by then.
 */
static const struct mime_part *
check_part(lua_State *L)
{
	lua_Integer number = lua_tointeger(L, lua_upvalueindex(2));
	lua_Integer changes = lua_tointeger(L, lua_upvalueindex(3));
	const struct mime *mime;
	struct message *m;

	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	m = mod_msg_check(L);
	if ((lua_Integer)m->edits->changes != changes)
		luaL_error(L, "the message has been changed since msg:parts()");
	if ((mime = message_mime(m)) == NULL)
		luaL_error(L, "the message cannot be read: %s",
		    strerror(errno));
	return &mime->v[number - 1];
}

/* part:content() -> string: without its transfer encoding */
static int
content(lua_State *L)
{
	struct buf *out = mod_scratch();
	const struct mime_part *p = check_part(L);

	if (p->encoding == MIME_IDENTITY) {
		mod_push_span(L, p->body);
		return 1;
	}
	mime_content(p, out);
	return mod_push_scratch(L);
}

/* part:header(name) -> string | nil: the first field of that name of the
 * part's own header, folds undone */
static int
header(lua_State *L)
{
	const struct mime_part *p = check_part(L);
	struct span name = mod_check_span(L, lua_gettop(L));
	struct span rest = p->header;
	struct header_field f;

	while (header_next(&rest, &f))
		if (span_ieq(f.name, name)) {
			mod_push_value(L, f.value);
			return 1;
		}
	luaL_pushfail(L);
	return 1;
}

static void
set_text(lua_State *L, const char *key, struct span s)
{
	if (s.p == NULL || s.n == 0)
		return;
	mod_push_span(L, s);
	lua_setfield(L, -2, key);
}

static void
set_number(lua_State *L, const char *key, size_t n)
{
	lua_pushinteger(L, (lua_Integer)n);
	lua_setfield(L, -2, key);
}

static void
set_function(lua_State *L, const char *key, lua_CFunction f, size_t number,
    const struct message *m)
{
	lua_pushvalue(L, 1);
	lua_pushinteger(L, (lua_Integer)number);
	lua_pushinteger(L, (lua_Integer)m->edits->changes);
	lua_pushcclosure(L, f, 3);
	lua_setfield(L, -2, key);
}

static void
push_part(lua_State *L, const struct message *m, const struct mime *mime,
    size_t i)
{
	static const char *const encodings[] = {[MIME_BASE64] = "base64",
	    [MIME_QP] = "quoted-printable"};
	const struct mime_part *p = &mime->v[i];

	lua_createtable(L, 0, 16);
	set_number(L, "number", i + 1);
	set_number(L, "depth", p->depth);
	if (p->parent > 0)
		set_number(L, "parent", p->parent);
	set_text(L, "type", p->type);
	set_text(L, "charset", p->charset);
	set_text(L, "disposition", p->disposition);
	set_text(L, "filename", p->filename);
	set_text(L, "name", p->name);
	set_text(L, "id", p->id);
	if (p->encoding != MIME_IDENTITY)
		set_text(L, "encoding", span_of(encodings[p->encoding]));
	set_number(L, "size", (size_t)mime_size(p));
	lua_pushboolean(L, p->multipart);
	lua_setfield(L, -2, "multipart");
	lua_pushboolean(L, p->broken);
	lua_setfield(L, -2, "broken");
	set_function(L, "content", content, i + 1, m);
	set_function(L, "header", header, i + 1, m);
}

/* msg:parts() -> array | nil, error: its MIME parts, the message itself
 * first, each before those in it */
static int
parts(lua_State *L)
{
	struct message *m = mod_msg_check(L);
	const struct mime *mime = message_mime(m);

	lua_settop(L, 1);
	if (mime == NULL)
		return mod_fail(L, "its parts cannot be read: %s",
		    strerror(errno));
	lua_createtable(L, (int)mime->n, 2);
	for (size_t i = 0; i < mime->n; i++) {
		push_part(L, m, mime, i);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	lua_pushboolean(L, mime->broken);
	lua_setfield(L, -2, "broken");
	lua_pushboolean(L, mime->cut);
	lua_setfield(L, -2, "cut");
	return 1;
}

const luaL_Reg mod_msg_parts[] = {
    {"parts", parts},
    {NULL, NULL},
};
