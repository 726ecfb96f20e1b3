/*
 * mod_util_file: small files that processes share, for policies that remember
 * something from one connection to the next.
 *
 * A file is changed under its flock(2), which dies with its holder: there is
 * nothing to break and nothing to wait for after a SIGKILL. The change is one
 * pwrite(2) within a page, so that the next one sees the old text or the new.
 * What a power cut leaves is the caller's to doubt: nothing is made durable.
 */
#include "dir.h"
#include "file.h"
#include "mod_util.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX  4096 /* one page */
#define NAMES_MAX 100000
#define READ_MAX  (1 << 20)
#define READ_MOST (1 << 30)
#define PATIENCE  2000 /* ms for a lock that is held for microseconds */
#define NAP_MAX	  8    /* ms */
#define REOPEN	  16   /* times that somebody removes it meanwhile */

static char key; /* the metatable of a struct opened */

struct opened {
	int fd;
};

static const char *
check_path(lua_State *L, int idx)
{
	struct span path = mod_check_span(L, idx);

	/* To the system a NUL would be the end of another path. */
	luaL_argcheck(L, strlen(path.p) == path.n, idx, "a NUL in a path");
	return path.p;
}

/* However the function ends, the descriptor and its lock end with it. */
static int
close_opened(lua_State *L)
{
	struct opened *o = lua_touserdata(L, 1);

	if (o->fd != -1)
		close(o->fd);
	o->fd = -1;
	return 0;
}

static struct opened *
new_opened(lua_State *L)
{
	static const luaL_Reg meta[] = {
	    {"__gc", close_opened}, {"__close", close_opened}, {NULL, NULL}};
	struct opened *o = lua_newuserdatauv(L, sizeof *o, 0);

	o->fd = -1;
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &key) == LUA_TNIL) {
		lua_pop(L, 1);
		luaL_newlib(L, meta);
		lua_pushboolean(L, 0);
		lua_setfield(L, -2, "__metatable");
		lua_pushvalue(L, -1);
		lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
	}
	lua_setmetatable(L, -2);
	lua_toclose(L, -1);
	return o;
}

/* Waits for the lock, a little longer each time. -1 and errno; raises when
 * the hook's time is over. */
static int
lock(lua_State *L, int fd)
{
	clock_ms end = clock_deadline(PATIENCE);
	int nap = 1;

	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -1;
		if (clock_left(end) == 0) {
			errno = EWOULDBLOCK;
			return -1;
		}
		(void)poll(NULL, 0, nap);
		hook_limit_check(L);
		if (nap < NAP_MAX)
			nap *= 2;
	}
	return 0;
}

/* Opens and locks the file that has that name. -1 and errno. */
static int
open_locked(lua_State *L, struct opened *o, const char *path)
{
	struct stat st;

	for (int i = 0; i < REOPEN; i++) {
		o->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
		    O_NONBLOCK | O_NOCTTY, 0600);
		if (o->fd == -1 || fstat(o->fd, &st) == -1)
			return -1;
		if (!S_ISREG(st.st_mode)) {
			errno = EINVAL;
			return -1;
		}
		if (lock(L, o->fd) == -1 || fstat(o->fd, &st) == -1)
			return -1;
		/* Who removes it holds the lock. */
		if (st.st_nlink > 0)
			return 0;
		close(o->fd);
		o->fd = -1;
	}
	errno = EAGAIN;
	return -1;
}

/* The whole text; EFBIG when it is none of ours. */
static ssize_t
read_text(int fd, char text[TEXT_MAX + 1])
{
	size_t n = 0;

	while (n <= TEXT_MAX) {
		ssize_t r = pread(fd, text + n, TEXT_MAX + 1 - n, (off_t)n);

		if (r == -1 && errno == EINTR)
			continue;
		if (r <= 0)
			return r == 0 ? (ssize_t)n : -1;
		n += (size_t)r;
	}
	errno = EFBIG;
	return -1;
}

static int
put_text(int fd, struct span s)
{
	ssize_t n = pwrite(fd, s.p, s.n, 0);

	if (n == (ssize_t)s.n)
		return ftruncate(fd, (off_t)s.n);
	if (n != -1)
		errno = ENOSPC;
	return -1;
}

/* Puts the new text in the place of the old, or leaves the old. */
static int
write_text(int fd, const char *path, struct span old, struct span text)
{
	int e;

	if (span_eq(old, text) || put_text(fd, text) == 0)
		return 0;
	e = errno;
	/* What it had before fits. */
	if (old.n == 0)
		unlink(path);
	else
		(void)put_text(fd, old);
	errno = e;
	return -1;
}

/* Does what the function's first result, at idx, says. -1 and errno. */
static int
act(lua_State *L, int idx, int fd, const char *path, struct span old)
{
	struct span text;

	switch (lua_type(L, idx)) {
	case LUA_TNIL:
		/* A file that was not there is not there afterwards. */
		return old.n == 0 ? unlink(path) : 0;
	case LUA_TBOOLEAN:
		if (lua_toboolean(L, idx))
			break;
		return unlink(path);
	case LUA_TSTRING:
		text = mod_check_span(L, idx);
		if (text.n > TEXT_MAX)
			return luaL_error(L, "a text of more than %d octets",
			    TEXT_MAX);
		return write_text(fd, path, old, text);
	default:
		break;
	}
	return luaL_error(L, "a %s is no text", luaL_typename(L, idx));
}

/* util.update(path, function) -> true, ... | nil, error, errno: changes a
 * small file that processes share. The function gets the text, "" when there
 * is no file, while nobody else can get or change it, and returns the new
 * text, up to 4096 octets; nil leaves the file as it is, false removes it.
 * What it returns beside comes behind the true. A process that is killed
 * leaves the old text or the new; after a power cut it may be anything. A lock
 * that cannot be had within two seconds is an error. */
int
mod_util_update(lua_State *L)
{
	char text[TEXT_MAX + 1];
	const char *path = check_path(L, 1);
	struct opened *o;
	ssize_t n = -1;

	luaL_checktype(L, 2, LUA_TFUNCTION);
	lua_settop(L, 2);
	o = new_opened(L);
	if (open_locked(L, o, path) == -1 ||
	    (n = read_text(o->fd, text)) == -1)
		return luaL_fileresult(L, 0, path);
	lua_pushboolean(L, 1);
	lua_pushvalue(L, 2);
	lua_pushlstring(L, text, (size_t)n);
	lua_call(L, 1, LUA_MULTRET);
	if (lua_gettop(L) == 4)
		lua_pushnil(L);
	if (act(L, 5, o->fd, path, span_make(text, (size_t)n)) == -1)
		return luaL_fileresult(L, 0, path);
	lua_remove(L, 5);
	return lua_gettop(L) - 3;
}

/* util.readfile(path [, max]) -> string | nil, error, errno: a whole regular
 * file, up to max octets, 1 MiB when it is not given; more is an error. A fifo
 * is never waited for. */
int
mod_util_readfile(lua_State *L)
{
	const char *path = check_path(L, 1);
	lua_Integer max = luaL_optinteger(L, 2, READ_MAX);
	struct buf *text = mod_scratch();

	luaL_argcheck(L, max >= 0 && max <= READ_MOST, 2, "out of range");
	if (file_read_at(AT_FDCWD, path, (size_t)max, text) == -1)
		return luaL_fileresult(L, 0, path);
	return mod_push_scratch(L);
}

/* util.listdir(path [, max]) -> array | nil, error, errno: the names in a
 * directory, at most max of them, 100000 when it is not given, in no order. */
int
mod_util_listdir(lua_State *L)
{
	const char *path = check_path(L, 1);
	lua_Integer max = luaL_optinteger(L, 2, NAMES_MAX), n = 0;
	struct buf *names = mod_scratch();
	struct dir d;
	const char *name;
	int e;

	if (dir_open(&d, path) == -1)
		return luaL_fileresult(L, 0, path);
	while (n < max && n < NAMES_MAX && (name = dir_next(&d)) != NULL) {
		buf_put(names, span_make(name, strlen(name) + 1));
		n++;
	}
	e = d.error;
	dir_close(&d);
	if (e != 0) {
		errno = e;
		return luaL_fileresult(L, 0, path);
	}
	lua_createtable(L, (int)n, 0);
	name = names->p;
	for (lua_Integer i = 1; i <= n; i++) {
		lua_pushstring(L, name);
		lua_rawseti(L, -2, i);
		name += strlen(name) + 1;
	}
	return 1;
}
