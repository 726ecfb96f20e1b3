/*
 * hook_error: what went wrong in a script, as one log line with its place.
 *
 * An error object is never converted: it may be a table whose __tostring does
 * not end. A string is its text, anything else its type.
 */
#include "mod.h"
#include <stdio.h>

/* Where the last error was raised: "file:12: ". */
static char raised_at[LUA_IDSIZE + 24];
static int raised_line;

void
hook_error_reset(void)
{
	raised_at[0] = '\0';
	raised_line = 0;
}

bool
hook_error_placed(void)
{
	return raised_line != 0;
}

int
hook_error_note(lua_State *L)
{
	lua_Debug ar;

	for (int level = 1; lua_getstack(L, level, &ar); level++) {
		if (!lua_getinfo(L, "Sl", &ar) || ar.currentline <= 0)
			continue;
		raised_line = ar.currentline;
		snprintf(raised_at, sizeof raised_at, "%s:%d: ",
		    ar.short_src, ar.currentline);
		break;
	}
	return 1;
}

/* The number between colons in "file:12: text", or 0. */
static int
line_of(struct span s)
{
	s = span_head(s, LUA_IDSIZE + 16);
	for (size_t i = 0; i + 2 < s.n; i++) {
		size_t k = i + 1;
		int line = 0;

		if (s.p[i] != ':')
			continue;
		for (; k < s.n && k < i + 9 && ascii_isdigit(s.p[k]); k++)
			line = line * 10 + (s.p[k] - '0');
		if (k > i + 1 && k < s.n && s.p[k] == ':')
			return line;
	}
	return 0;
}

/* "policy.lua:12: text", raised once more behind a pcall(). */
static bool
names_script(struct span s)
{
	struct span file = span_head(s, span_chr(s, ':'));

	return file.n > 4 &&
	    span_eq(span_skip(file, file.n - 4), SPAN(".lua"));
}

/* The line that a message begins with, or 0. The file must be a script, or
 * the one where it was raised, if that is known: "10.0.0.1:25: refused" names
 * no line. */
static int
message_line(struct span s)
{
	struct span file = span_of(raised_at);

	if (file.n > 2 && !names_script(s)) {
		file = span_head(file, span_rchr(span_head(file, file.n - 2),
		    ':'));
		if (!span_eq(span_head(s, file.n), file))
			return 0;
		s = span_skip(s, file.n);
	}
	return line_of(s);
}

int
hook_error_describe(lua_State *L, enum hook_over over, int known,
    struct buf *out)
{
	struct span s;
	int line;

	if (over != OVER_NOT) {
		const char *where = hook_limit_where();

		if (*where == '\0')
			where = raised_at;
		buf_puts(out, where);
		buf_puts(out, hook_limit_text(over));
		return *where == '\0' ? known : line_of(span_of(where));
	}
	if (lua_type(L, -1) != LUA_TSTRING) {
		buf_puts(out, raised_at);
		buf_printf(out, "the error is a %s value",
		    luaL_typename(L, -1));
		return raised_line ? raised_line : known;
	}
	s.p = lua_tolstring(L, -1, &s.n);
	line = message_line(s);
	if (line == 0) {
		buf_puts(out, raised_at);
		line = raised_line ? raised_line : known;
	}
	buf_put(out, span_head(s, LOG_LINE));
	return line;
}

void
hook_error_log(struct hooks *h, const char *hook, int line, struct span text)
{
	const struct hook_facts *f = h->config.facts;
	struct log l;

	log_open_at(&l, LOG_ERR, "hook-error");
	log_str(&l, "hook", hook);
	if (f != NULL && f->in_transaction && f->id_transaction.p != NULL)
		log_span(&l, "id", f->id_transaction);
	else if (f != NULL && f->id_session.p != NULL)
		log_span(&l, "id", f->id_session);
	if (line > 0)
		log_num(&l, "line", line);
	log_printf(&l, "text", "hook.%s: %.*s", hook, SPAN_ARG(text));
	log_send(&l);
}

int
hook_error_definition(struct hooks *h, enum hook_id id, struct buf *out)
{
	lua_Debug ar;

	if (!hook_where(h, id, out))
		return 0;
	buf_puts(out, ": ");
	lua_rawgeti(h->L, LUA_REGISTRYINDEX, h->ref[id]);
	lua_getinfo(h->L, ">S", &ar);
	return ar.linedefined;
}
