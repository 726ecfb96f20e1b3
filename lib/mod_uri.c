/* mod_uri: URIs (uri.h), for policies that look at the links of a message. */
#include "mod.h"
#include "uri.h"

static void
set_span(lua_State *L, const char *name, struct span s)
{
	if (s.p == NULL)
		return;
	mod_push_span(L, s);
	lua_setfield(L, -2, name);
}

static void
lower(struct span s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++)
		buf_putc(out, ascii_lower(s.p[i]));
}

static void
set_scheme(lua_State *L, struct span s)
{
	lower(s, mod_scratch());
	mod_push_scratch(L);
	lua_setfield(L, -2, "scheme");
}

/* As a DNS list or another policy wants it: without escapes, in lower case
 * and without the root's dot. */
static void
set_host(lua_State *L, struct span s)
{
	struct buf *b = mod_scratch();

	if (s.p == NULL || uri_decode(s, b) == -1)
		return;
	for (size_t i = 0; i < b->n; i++)
		b->p[i] = ascii_lower(b->p[i]);
	if (b->n > 1 && b->p[b->n - 1] == '.')
		b->n--;
	mod_push_scratch(L);
	lua_setfield(L, -2, "host");
}

/* uri.parse(text) -> table | nil, error: a URI's parts, of which only scheme
 * and path are always there: scheme, user_info, host, port, path, query,
 * fragment. The scheme and the host are in lower case, the host also without
 * escapes, brackets and final dot; port is an integer, the scheme's well-known
 * one when none was given. The others stand as they are. */
static int
parse(lua_State *L)
{
	struct span s = mod_check_span(L, 1);
	struct uri u;

	if (uri_parse(s, &u) == -1)
		return mod_fail(L, "not a URI");
	lua_createtable(L, 0, 7);
	set_scheme(L, u.scheme);
	set_host(L, u.host);
	set_span(L, "user_info", u.user_info);
	set_span(L, "path", u.path);
	set_span(L, "query", u.query);
	set_span(L, "fragment", u.fragment);
	if (u.number != 0) {
		lua_pushinteger(L, u.number);
		lua_setfield(L, -2, "port");
	}
	return 1;
}

/* uri.encode(text) -> string: %XX for every octet but letters, digits and
 * "-._~", so that it can stand anywhere in a URI. */
static int
encode(lua_State *L)
{
	struct span s = mod_check_span(L, 1);

	uri_encode(s, mod_scratch());
	return mod_push_scratch(L);
}

/* uri.decode(text) -> string | nil, error: the octets again. A "+" stays what
 * it is. */
static int
decode(lua_State *L)
{
	struct span s = mod_check_span(L, 1);

	if (uri_decode(s, mod_scratch()) == -1)
		return mod_fail(L, "a %% without two hexadecimal digits");
	return mod_push_scratch(L);
}

int
mod_uri_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
	    {"parse", parse},
	    {"encode", encode},
	    {"decode", decode},
	    {NULL, NULL},
	};

	luaL_newlib(L, functions);
	return 1;
}
