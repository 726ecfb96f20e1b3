/*
 * mod_smtpe: the table smtpe, what the program says of itself.
 */
#include "mod.h"
#include "option.h"
#include <unistd.h>

#define API_VERSION "1.0"
#define COPYRIGHT   "Copyright (c) 2026 The smtpe authors"

/* smtpe.host: the control `me', else the machine's own name. */
static void
push_host(lua_State *L)
{
	char name[256];

	if (hook_engine.config.me.p != NULL) {
		mod_push_span(L, hook_engine.config.me);
		return;
	}
	if (gethostname(name, sizeof name) == -1)
		name[0] = '\0';
	name[sizeof name - 1] = '\0';
	lua_pushstring(L, name);
}

void
mod_smtpe_open(lua_State *L)
{
	lua_createtable(L, 0, 4);
	lua_pushstring(L, version_number);
	lua_setfield(L, -2, "bin_version");
	lua_pushliteral(L, API_VERSION);
	lua_setfield(L, -2, "api_version");
	lua_pushliteral(L, COPYRIGHT);
	lua_setfield(L, -2, "copyright");
	push_host(L);
	lua_setfield(L, -2, "host");
	lua_pushstring(L, hook_engine.config.control_dir);
	lua_setfield(L, -2, "control_dir");
	lua_setglobal(L, "smtpe");
}
