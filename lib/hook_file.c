/*
 * hook_file: a file of Lua source becomes a function. What luaL_loadfilex()
 * does, as text only, and without stdio: a script is loaded for each
 * connection, and this is half the time.
 */
#include "mod.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct source {
	int fd, error;
	enum { AT_START, IN_COMMENT, IN_TEXT } where;
	char text[8192];
};

/* Past a byte order mark, and a first line that begins with '#' (its LF
 * stays, so that lines keep their numbers). */
static struct span
skip_start(struct source *s, struct span text)
{
	size_t n;

	if (s->where == AT_START) {
		s->where = IN_TEXT;
		if (span_eq(span_head(text, 3), SPAN("\xef\xbb\xbf")))
			text = span_skip(text, 3);
		if (text.n > 0 && text.p[0] == '#')
			s->where = IN_COMMENT;
	}
	if (s->where == IN_COMMENT) {
		n = span_chr(text, '\n');
		if (n < text.n)
			s->where = IN_TEXT;
		text = span_skip(text, n);
	}
	return text;
}

static const char *
next_part(lua_State *L, void *ud, size_t *size)
{
	struct source *s = ud;
	struct span text = {NULL, 0};
	ssize_t n;

	(void)L;
	do {
		while ((n = read(s->fd, s->text, sizeof s->text)) == -1 &&
		    errno == EINTR && !hook_limit_struck())
			;
		if (n == -1)
			s->error = errno;
		if (n <= 0)
			return NULL;
		text = skip_start(s, span_make(s->text, (size_t)n));
	} while (text.n == 0);
	*size = text.n;
	return text.p;
}

static int
cannot(lua_State *L, const char *what, const char *path, int error)
{
	lua_pushfstring(L, "cannot %s %s: %s", what, path, strerror(error));
	return LUA_ERRFILE;
}

int
hook_file_load(lua_State *L, const char *path)
{
	struct source s = {.where = AT_START};
	int status, top = lua_gettop(L), e;

	/* Before the descriptor: it must not be lost when this raises. */
	lua_pushfstring(L, "@%s", path);
	s.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (s.fd == -1) {
		e = errno;
		lua_settop(L, top);
		return cannot(L, "open", path, e);
	}
	status = lua_load(L, next_part, &s, lua_tostring(L, -1), "t");
	close(s.fd);
	if (s.error != 0) {
		lua_settop(L, top);
		return cannot(L, "read", path, s.error);
	}
	lua_remove(L, top + 1);
	return status;
}
