/* mod_base64: RFC 4648, with padding and without line ends. */
#include "base64.h"
#include "mod.h"

/* base64.encode(text) -> string: one line, however long. */
static int
encode(lua_State *L)
{
	struct span text = mod_check_span(L, 1);

	base64_encode(text, mod_scratch());
	return mod_push_scratch(L);
}

/* base64.decode(text) -> string | nil, error: strict, with padding and
 * nothing between the digits. A MIME body has line ends, which go first:
 * base64.decode((body:gsub("%s", ""))). */
static int
decode(lua_State *L)
{
	struct span text = mod_check_span(L, 1);

	if (base64_decode(text, mod_scratch()) == -1)
		return mod_fail(L, "not base64");
	return mod_push_scratch(L);
}

int
mod_base64_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
	    {"encode", encode},
	    {"decode", decode},
	    {NULL, NULL},
	};

	luaL_newlib(L, functions);
	return 1;
}
