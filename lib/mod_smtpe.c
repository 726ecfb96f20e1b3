/*
 * mod_smtpe: the table smtpe, what the program says of itself.
 */
#include "control.h"
#include "load.h"
#include "mod.h"
#include "option.h"
#include <unistd.h>

#define API_VERSION "1.0"
#define SETTINGS_MAX (1u << 20)
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

/* Pushes nil and the first line of err. */
static int
fail(lua_State *L, struct buf *err)
{
	struct span text = buf_span(err);

	luaL_pushfail(L);
	mod_push_span(L, span_head(text, span_chr(text, '\n')));
	return 2;
}

/* smtpe.getoption(name) -> string | nil, error: a setting's value as text, by
 * its own name or an old engine's; "" when it is not set, the items of a
 * list one a line. */
static int
smtpe_getoption(lua_State *L)
{
	struct span name = mod_check_span(L, 1);
	const struct controls *c = hook_engine.config.controls;
	int id = control_find(name);

	if (c == NULL || id == -1)
		return mod_fail(L, "no such option");
	mod_push_span(L, c->text[id].p != NULL ? c->text[id] : span_of(""));
	return 1;
}

/* smtpe.setoption(name, value) -> true | nil, error: another value for this
 * process; items of a list are divided by commas. Only settings of a
 * connection can be changed. */
static int
smtpe_setoption(lua_State *L)
{
	struct span name = mod_check_span(L, 1), value;
	struct controls *c = hook_engine.config.controls;
	const struct hook_facts *f = hook_engine.config.facts;
	struct buf *err = mod_scratch();
	int id = control_find(name);

	if (lua_isboolean(L, 2))
		value = lua_toboolean(L, 2) ? SPAN("1") : SPAN("0");
	else
		value = mod_check_span(L, 2);
	if (c == NULL || id == -1)
		return mod_fail(L, "no such option");
	if (control_rows[id].scope != CONNECTION)
		return mod_fail(L, "not a setting of a connection");
	/* Copies: a script that sets one for ever must not eat the process. */
	if (c->arena.used > SETTINGS_MAX)
		return mod_fail(L, "too many changes");
	if (control_set(c, name, value, FROM_SCRIPT, err) == -1)
		return fail(L, err);
	if (hook_engine.config.changed != NULL && f != NULL)
		hook_engine.config.changed(f->session);
	lua_pushboolean(L, true);
	return 1;
}

/* { some = , full = }, or nil. */
static void
set_pressure(lua_State *L, const char *resource)
{
	struct load_pressure p;

	if (load_pressure(resource, &p) == -1)
		return;
	lua_createtable(L, 0, 3);
	lua_pushnumber(L, (lua_Number)p.some / 100);
	lua_setfield(L, -2, "some");
	lua_pushnumber(L, (lua_Number)p.full / 100);
	lua_setfield(L, -2, "full");
	lua_setfield(L, -2, resource);
}

static void
set_averages(lua_State *L)
{
	uint64_t load[3];

	if (load_averages(load) == -1)
		return;
	lua_createtable(L, 3, 0);
	for (int i = 0; i < 3; i++) {
		lua_pushnumber(L, (lua_Number)load[i] / 100);
		lua_rawseti(L, -2, i + 1);
	}
	lua_setfield(L, -2, "average");
}

/* Of the queue's filesystem. */
static void
set_room(lua_State *L)
{
	const struct controls *c = hook_engine.config.controls;
	uint64_t octets, files;

	if (c == NULL || c->queuedir == NULL ||
	    load_room(c->queuedir, &octets, &files) == -1)
		return;
	lua_pushinteger(L, octets > INT64_MAX ? INT64_MAX :
						(lua_Integer)octets);
	lua_setfield(L, -2, "space");
	lua_pushinteger(L, files > INT64_MAX ? INT64_MAX :
					       (lua_Integer)files);
	lua_setfield(L, -2, "inodes");
}

/* smtpe.load() -> table: how busy the machine is: average, the load averages
 * over 1, 5 and 15 minutes; memory, io and cpu, each with some and full, the
 * percent of the last ten seconds in which some tasks or all of them waited
 * for it (nil where the kernel does not say); available, octets of memory;
 * space and inodes, octets and files that the queue's filesystem has room
 * for. */
static int
smtpe_load(lua_State *L)
{
	uint64_t n;

	lua_createtable(L, 0, 7);
	set_averages(L);
	set_pressure(L, "memory");
	set_pressure(L, "io");
	set_pressure(L, "cpu");
	if (load_memory(&n) == 0) {
		lua_pushinteger(L, (lua_Integer)n);
		lua_setfield(L, -2, "available");
	}
	set_room(L);
	return 1;
}

static const luaL_Reg functions[] = {
    {"getoption", smtpe_getoption},
    {"load", smtpe_load},
    {"setoption", smtpe_setoption},
    {NULL, NULL},
};

void
mod_smtpe_open(lua_State *L)
{
	lua_createtable(L, 0, 9);
	luaL_setfuncs(L, functions, 0);
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
	/* Somebody tries the script, and nobody is served. */
	lua_pushboolean(L, hook_engine.config.trying);
	lua_setfield(L, -2, "trying");
	lua_setglobal(L, "smtpe");
}
