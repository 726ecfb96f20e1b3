/*
 * mod_action: action.*, the verdicts of a policy as values. A verdict may be
 * returned or thrown with error(); what it means where is hook.def's.
 *
 * A wrong call raises. A text does not: it may hold what a client sent, and a
 * refusal must not turn into a default reply because of it. Its controls are
 * cut out here or when the reply is formatted.
 */
#include "mod.h"
#include "queue.h"
#include <math.h>

#define AFTER_MAX (10.0 * 365 * 86400) /* s */

static char key; /* the metatable's place in the registry */

static const char *const names[] = {
    [VERDICT_ACCEPT] = "accept",
    [VERDICT_TRUST] = "trust",
    [VERDICT_INFO] = "info",
    [VERDICT_REJECT] = "reject",
    [VERDICT_DEFER] = "defer",
    [VERDICT_DISCARD] = "discard",
    [VERDICT_QUARANTINE] = "quarantine",
    [VERDICT_DISCONNECT] = "disconnect",
    [VERDICT_HOLD] = "hold",
};

const char *
mod_action_name(enum verdict_kind kind)
{
	return names[kind];
}

const struct mod_verdict *
mod_action_test(lua_State *L, int idx)
{
	return mod_test_userdata(L, idx, &key);
}

/* What a call of action.* asks for, before it becomes a value. */
struct wish {
	enum verdict_kind kind;
	int code;
	bool drop, timed, uncounted;
	int64_t after;
	char enhanced[12];
	struct span text, place;
};

/* One '\n' between lines, none at the end; at most a reply's size. */
static size_t
clean(struct span text, char *to)
{
	size_t n = 0;

	text = span_head(text, REPLY_MAX / 2);
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == '\r' && i + 1 < text.n && text.p[i + 1] == '\n')
			continue;
		to[n++] = c != '\n' && c != '\t' && (unsigned char)c < ' ' ?
		    '?' : c;
	}
	while (n > 0 && to[n - 1] == '\n')
		n--;
	return n;
}

/* Makes the verdict and pushes it. */
static int
make(lua_State *L, const struct wish *w)
{
	size_t room = span_head(w->text, REPLY_MAX / 2).n;
	struct mod_verdict *m;

	m = lua_newuserdatauv(L, sizeof *m + room + w->place.n, 0);
	m->kind = w->kind;
	m->code = w->code;
	m->drop = w->drop;
	m->timed = w->timed;
	m->uncounted = w->uncounted;
	m->after = w->after;
	memcpy(m->enhanced, w->enhanced, sizeof m->enhanced);
	m->ntext = clean(w->text, m->data);
	m->nplace = w->place.n;
	if (w->place.n > 0)
		memcpy(m->data + m->ntext, w->place.p, w->place.n);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &key);
	lua_setmetatable(L, -2);
	return 1;
}

static void
set_enhanced(lua_State *L, struct wish *w, struct span e)
{
	if (!reply_enhanced_valid(e) ||
	    (w->code != 0 && e.p[0] - '0' != w->code / 100))
		luaL_error(L, "'%s' is no enhanced code for %d",
		    lua_pushlstring(L, e.p, e.n), w->code);
	memcpy(w->enhanced, e.p, e.n);
	w->enhanced[e.n] = '\0';
}

/* opts.enhanced, opts.drop of the table at idx, if there is one. */
static void
read_opts(lua_State *L, int idx, struct wish *w)
{
	if (lua_isnoneornil(L, idx))
		return;
	luaL_checktype(L, idx, LUA_TTABLE);
	if (lua_getfield(L, idx, "drop") != LUA_TNIL) {
		luaL_argexpected(L, lua_isboolean(L, -1), idx,
		    "boolean in opts.drop");
		w->drop = lua_toboolean(L, -1);
	}
	if (lua_getfield(L, idx, "enhanced") != LUA_TNIL) {
		luaL_argexpected(L, lua_type(L, -1) == LUA_TSTRING, idx,
		    "string in opts.enhanced");
		set_enhanced(L, w, mod_check_span(L, -1));
	}
	/* The strings stay alive: the caller's table holds them. */
	lua_pop(L, lua_gettop(L) - idx);
}

/* opts.after, seconds, and opts.count of a deferral. */
static void
read_when(lua_State *L, int idx, struct wish *w)
{
	lua_Number after;

	if (!lua_istable(L, idx))
		return;
	if (lua_getfield(L, idx, "after") != LUA_TNIL) {
		luaL_argexpected(L, lua_type(L, -1) == LUA_TNUMBER, idx,
		    "number in opts.after");
		after = lua_tonumber(L, -1);
		luaL_argcheck(L, after >= 0 && after <= AFTER_MAX, idx,
		    "opts.after is not from 0 on, or too long");
		w->timed = true;
		w->after = (int64_t)ceil(after);
	}
	if (lua_getfield(L, idx, "count") != LUA_TNIL) {
		luaL_argexpected(L, lua_isboolean(L, -1), idx,
		    "boolean in opts.count");
		w->uncounted = !lua_toboolean(L, -1);
	}
	lua_pop(L, lua_gettop(L) - idx);
}

/* No opts.enhanced: the code in front of the text, else the general one. */
static void
default_enhanced(struct wish *w)
{
	struct span rest = w->text, word;

	if (w->enhanced[0] != '\0' || w->code == 0)
		return;
	word = span_head(rest, span_chr(rest, ' '));
	if (reply_enhanced_valid(word) && word.p[0] - '0' == w->code / 100) {
		memcpy(w->enhanced, word.p, word.n);
		w->enhanced[word.n] = '\0';
		w->text = span_skip(rest, word.n + 1);
		return;
	}
	/* RFC 3463 3.8: X.7.1, refused by policy. */
	memcpy(w->enhanced, "2.0.0", 6);
	if (w->code >= 400)
		memcpy(w->enhanced, w->code < 500 ? "4.7.1" : "5.7.1", 6);
}

static void
read_code(lua_State *L, int idx, int min, int max, struct wish *w)
{
	lua_Integer code = luaL_checkinteger(L, idx);

	if (code < min || code > max)
		luaL_error(L, "action.%s does not take the code %I",
		    names[w->kind], (LUAI_UACINT)code);
	w->code = (int)code;
}

/* ([code,] text [, opts]) */
static int
refuse(lua_State *L, enum verdict_kind kind, int code, int max)
{
	struct wish w = {.kind = kind, .code = code};
	int idx = 1;

	if (lua_type(L, 1) == LUA_TNUMBER)
		read_code(L, idx++, 400, max, &w);
	/* What is to be tried again is not refused, whatever it is called. */
	if (kind == VERDICT_REJECT && w.code < 500)
		w.kind = VERDICT_DEFER;
	w.text = mod_check_span(L, idx);
	read_opts(L, idx + 1, &w);
	if (kind == VERDICT_DEFER)
		read_when(L, idx + 1, &w);
	default_enhanced(&w);
	return make(L, &w);
}

/* action.reject([code,] text [, opts]) -> verdict */
static int
action_reject(lua_State *L)
{
	return refuse(L, VERDICT_REJECT, 550, 599);
}

/* action.defer([code,] text [, opts]) -> verdict; in queuerun opts.after says
 * in how many seconds it is tried again, and opts.count = false that this was
 * no attempt */
static int
action_defer(lua_State *L)
{
	return refuse(L, VERDICT_DEFER, 451, 499);
}

/* ([text [, opts]]), with the stage's own code */
static int
take(lua_State *L, enum verdict_kind kind)
{
	struct wish w = {.kind = kind};

	if (!lua_isnoneornil(L, 1))
		w.text = mod_check_span(L, 1);
	read_opts(L, 2, &w);
	return make(L, &w);
}

/* action.accept([text [, opts]]) -> verdict */
static int
action_accept(lua_State *L)
{
	return take(L, VERDICT_ACCEPT);
}

/* action.trust([text [, opts]]) -> verdict */
static int
action_trust(lua_State *L)
{
	return take(L, VERDICT_TRUST);
}

/* action.discard([text [, opts]]) -> verdict */
static int
action_discard(lua_State *L)
{
	return take(L, VERDICT_DISCARD);
}

/* action.hold([text [, opts]]) -> verdict; the entry waits in hold/ */
static int
action_hold(lua_State *L)
{
	return take(L, VERDICT_HOLD);
}

/* action.info(code, text [, opts]) -> verdict */
static int
action_info(lua_State *L)
{
	struct wish w = {.kind = VERDICT_INFO};

	read_code(L, 1, 200, 599, &w);
	if (w.code / 100 == 3)
		return luaL_error(L, "action.info does not take the code %d",
		    w.code);
	w.text = mod_check_span(L, 2);
	read_opts(L, 3, &w);
	default_enhanced(&w);
	return make(L, &w);
}

/* action.disconnect([code,] text [, opts]) -> verdict */
static int
action_disconnect(lua_State *L)
{
	struct wish w = {.kind = VERDICT_DISCONNECT, .code = 421};
	int idx = 1;

	if (lua_type(L, 1) == LUA_TNUMBER)
		read_code(L, idx++, 200, 599, &w);
	if (w.code / 100 == 3 || (w.code / 100 == 2 && w.code != 221))
		return luaL_error(L,
		    "action.disconnect does not take the code %d", w.code);
	w.text = mod_check_span(L, idx);
	read_opts(L, idx + 1, &w);
	w.drop = true;
	default_enhanced(&w);
	return make(L, &w);
}

/* action.quarantine(name [, opts]) -> verdict; opts.reply refuses */
static int
action_quarantine(lua_State *L)
{
	struct wish w = {.kind = VERDICT_QUARANTINE};
	struct reply r;
	const char *wrong;

	w.place = mod_check_span(L, 1);
	luaL_argcheck(L, queue_place_valid(w.place), 1,
	    "not a quarantine's name");
	lua_settop(L, 2);
	if (lua_istable(L, 2) && lua_getfield(L, 2, "reply") != LUA_TNIL) {
		wrong = reply_parse(mod_check_span(L, -1), &hook_engine.text,
		    &r);
		if (wrong == NULL && r.code < 400)
			wrong = "not a refusal";
		if (wrong != NULL)
			return luaL_error(L, "opts.reply: %s", wrong);
		w.code = r.code;
		w.text = r.text;
	}
	lua_settop(L, 2);
	read_opts(L, 2, &w);
	default_enhanced(&w);
	return make(L, &w);
}

/* verdict.kind, code, text, enhanced, drop, place: what it says */
static int
get(lua_State *L)
{
	const struct mod_verdict *m = mod_action_test(L, 1);
	const char *name = luaL_checkstring(L, 2);

	if (m == NULL)
		return luaL_error(L, "not a verdict");
	if (strcmp(name, "kind") == 0)
		lua_pushstring(L, names[m->kind]);
	else if (strcmp(name, "code") == 0 && m->code != 0)
		lua_pushinteger(L, m->code);
	else if (strcmp(name, "text") == 0)
		lua_pushlstring(L, m->data, m->ntext);
	else if (strcmp(name, "enhanced") == 0 && *m->enhanced != '\0')
		lua_pushstring(L, m->enhanced);
	else if (strcmp(name, "drop") == 0)
		lua_pushboolean(L, m->drop);
	else if (strcmp(name, "place") == 0 && m->nplace > 0)
		lua_pushlstring(L, m->data + m->ntext, m->nplace);
	else
		lua_pushnil(L);
	return 1;
}

static int
to_string(lua_State *L)
{
	const struct mod_verdict *m = mod_action_test(L, 1);

	if (m == NULL)
		return luaL_error(L, "not a verdict");
	lua_pushfstring(L, "action.%s: %d %s ", names[m->kind], m->code,
	    m->enhanced);
	lua_pushlstring(L, m->data, m->ntext);
	lua_concat(L, 2);
	return 1;
}

void
mod_action_open(lua_State *L)
{
	static const luaL_Reg meta[] = {{"__index", get},
	    {"__tostring", to_string}, {NULL, NULL}};
	static const luaL_Reg actions[] = {
	    {"accept", action_accept},
	    {"trust", action_trust},
	    {"info", action_info},
	    {"reject", action_reject},
	    {"defer", action_defer},
	    {"discard", action_discard},
	    {"quarantine", action_quarantine},
	    {"disconnect", action_disconnect},
	    {"hold", action_hold},
	    {NULL, NULL},
	};

	luaL_newlib(L, meta);
	lua_pushliteral(L, "verdict");
	lua_setfield(L, -2, "__name");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
	luaL_newlib(L, actions);
	lua_setglobal(L, "action");
}
