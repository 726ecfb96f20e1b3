/* mod_hosts: see mod_hosts.h. */
#include "mod_hosts.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static struct span
copy(lua_State *L, int idx, struct arena *a)
{
	return arena_dup(a, mod_check_span(L, idx));
}

size_t
mod_strings(lua_State *L, int idx, const char *what, size_t max,
    struct arena *a, const struct span **out)
{
	struct span *v;
	lua_Integer n = 1;

	if (lua_type(L, idx) == LUA_TSTRING) {
		v = arena_alloc(a, sizeof *v);
		v[0] = copy(L, idx, a);
		*out = v;
		return 1;
	}
	luaL_argexpected(L, lua_istable(L, idx), idx, "string or array");
	n = luaL_len(L, idx);
	if (n < 0 || (lua_Unsigned)n > max)
		luaL_error(L, "more than %d %s", (int)max, what);
	v = arena_alloc(a, ((size_t)n + 1) * sizeof *v);
	for (lua_Integer i = 0; i < n; i++) {
		if (lua_geti(L, idx, i + 1) != LUA_TSTRING)
			luaL_error(L, "item %I of %s is a %s, not a string",
			    (LUAI_UACINT)i + 1, what, luaL_typename(L, -1));
		v[i] = copy(L, -1, a);
		lua_pop(L, 1);
	}
	*out = v;
	return (size_t)n;
}

void
mod_check_options(lua_State *L, int idx, const char *const names[])
{
	if (lua_isnoneornil(L, idx))
		return;
	luaL_checktype(L, idx, LUA_TTABLE);
	for (lua_pushnil(L); lua_next(L, idx) != 0; lua_pop(L, 1)) {
		const char *const *p = names;

		if (lua_type(L, -2) != LUA_TSTRING)
			luaL_argerror(L, idx, "an option without a name");
		while (*p != NULL && strcmp(*p, lua_tostring(L, -2)) != 0)
			p++;
		if (*p == NULL)
			luaL_argerror(L, idx, lua_pushfstring(L,
			    "unknown option '%s'", lua_tostring(L, -2)));
	}
}

/* Pushes it: its type; LUA_TNIL when there is none. */
static int
get(lua_State *L, int idx, const char *name)
{
	if (!lua_istable(L, idx)) {
		lua_pushnil(L);
		return LUA_TNIL;
	}
	return lua_getfield(L, idx, name);
}

static void
wrong(lua_State *L, int idx, const char *name, const char *want)
{
	luaL_argerror(L, idx, lua_pushfstring(L, "option '%s' is a %s, not %s",
	    name, luaL_typename(L, -1), want));
}

int64_t
mod_option_ms(lua_State *L, int idx, const char *name, int64_t ms)
{
	int type = get(L, idx, name);
	lua_Number s;

	if (type == LUA_TNIL) {
		lua_pop(L, 1);
		return ms;
	}
	if (type != LUA_TNUMBER)
		wrong(L, idx, name, "a number");
	s = lua_tonumber(L, -1);
	/* Also for what is no number at all. */
	if (!(s > 0 && s <= 86400))
		luaL_argerror(L, idx, lua_pushfstring(L, "option '%s' is not "
		    "in 0..86400 seconds", name));
	lua_pop(L, 1);
	return s < 0.001 ? 1 : (int64_t)(s * 1000);
}

lua_Integer
mod_option_integer(lua_State *L, int idx, const char *name,
    lua_Integer otherwise, lua_Integer max)
{
	int type = get(L, idx, name);
	lua_Integer v = otherwise;

	if (type != LUA_TNIL) {
		if (!lua_isinteger(L, -1))
			wrong(L, idx, name, "an integer");
		v = lua_tointeger(L, -1);
		if (v < 0 || v > max)
			luaL_argerror(L, idx, lua_pushfstring(L,
			    "option '%s' is not in 0..%I", name,
			    (LUAI_UACINT)max));
	}
	lua_pop(L, 1);
	return v;
}

bool
mod_option_flag(lua_State *L, int idx, const char *name)
{
	int type = get(L, idx, name);
	bool v = lua_toboolean(L, -1);

	if (type != LUA_TNIL && type != LUA_TBOOLEAN)
		wrong(L, idx, name, "a boolean");
	lua_pop(L, 1);
	return v;
}

struct span
mod_option_string(lua_State *L, int idx, const char *name, struct arena *a)
{
	int type = get(L, idx, name);
	struct span s = {NULL, 0};

	if (type != LUA_TNIL) {
		if (type != LUA_TSTRING && type != LUA_TNUMBER)
			wrong(L, idx, name, "a string");
		s = copy(L, -1, a);
	}
	lua_pop(L, 1);
	return s;
}

int
mod_open_file(struct span path, int64_t *size)
{
	char name[PATH_MAX];
	struct stat st;
	int fd;

	/* To the system a NUL would be the end of another path. */
	if (path.n >= sizeof name || span_chr(path, '\0') < path.n) {
		errno = ENOENT;
		return -1;
	}
	memcpy(name, path.p, path.n);
	name[path.n] = '\0';
	/* Not to wait for a fifo, nor to get a terminal. */
	fd = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		*size = st.st_size;
		return fd;
	}
	errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	close(fd);
	return -1;
}

clock_ms
mod_deadline(int64_t ms)
{
	clock_ms hook = hook_limit_deadline(), own = clock_deadline(ms);

	return hook < own ? hook : own;
}

struct span
mod_host_name(struct arena *a)
{
	char name[256];

	if (hook_engine.config.me.n > 0)
		return hook_engine.config.me;
	if (gethostname(name, sizeof name) == -1)
		name[0] = '\0';
	name[sizeof name - 1] = '\0';
	return arena_dup(a, span_of(name));
}
