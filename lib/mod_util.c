/* mod_util: the machine, directories, dates; small files that processes
 * share are in mod_util_file.c. */
#include "date.h"
#include "file.h"
#include "mod.h"
#include "mod_util.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* util.cpucount() -> integer: processors that are running. */
static int
cpucount(lua_State *L)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	lua_pushinteger(L, n > 0 ? n : 1);
	return 1;
}

/* util.getloadavg() -> one, five, fifteen | nil, error: how many processes
 * were running or waiting, on average over so many minutes. */
static int
get_load_avg(lua_State *L)
{
	double load[3];

	if (getloadavg(load, 3) != 3)
		return mod_fail(L, "not known");
	for (int i = 0; i < 3; i++)
		lua_pushnumber(L, load[i]);
	return 3;
}

/* util.mkpath(path) -> true | nil, error, errno: makes the directory and what
 * is missing above it, with mode 0700. A directory that exists is left as it
 * is. */
static int
mkpath(lua_State *L)
{
	struct span path = mod_check_span(L, 1);
	struct stat st;
	int result = -1;

	/* To the system a NUL would be the end of another path. */
	luaL_argcheck(L, strlen(path.p) == path.n, 1, "a NUL in a path");
	if (path.n > 4096)
		errno = ENAMETOOLONG;
	else
		result = file_mkdirs(path.p);
	if (result == 0 && (result = stat(path.p, &st)) == 0 &&
	    !S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		result = -1;
	}
	return luaL_fileresult(L, result == 0, path.p);
}

/* util.date_to_time(text) -> integer | nil, error: the Unix time of a date as
 * in a message's Date field (RFC 5322, obsolete forms included) or of RFC
 * 3339, "2026-11-20T09:44:42Z". */
static int
date_to_time(lua_State *L)
{
	int64_t seconds;

	if (date_parse(mod_check_span(L, 1), &seconds) == -1)
		return mod_fail(L, "not a date");
	lua_pushinteger(L, seconds);
	return 1;
}

int
mod_util_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
	    {"cpucount", cpucount},
	    {"getloadavg", get_load_avg},
	    {"mkpath", mkpath},
	    {"date_to_time", date_to_time},
	    {"listdir", mod_util_listdir},
	    {"readfile", mod_util_readfile},
	    {"update", mod_util_update},
	    {NULL, NULL},
	};

	luaL_newlib(L, functions);
	return 1;
}
