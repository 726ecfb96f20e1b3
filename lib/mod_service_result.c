/* mod_service_result: answers as tables. See mod_service.h. */
#include "mod_service.h"

static void
set_span(lua_State *L, const char *name, struct span s)
{
	mod_push_span(L, s);
	lua_setfield(L, -2, name);
}

/* The table on top is one of an answer that was none. */
static void
fail(lua_State *L, struct span why)
{
	lua_pushboolean(L, false);
	lua_setfield(L, -2, "ok");
	set_span(L, "error", why);
}

static void
set_clamd(lua_State *L, const struct service_request *r)
{
	struct span virus;
	const char *why = service_clamd_result(buf_span(&r->line), &virus);

	set_span(L, "answer", buf_span(&r->line));
	if (why != NULL) {
		fail(L, span_of(why));
		return;
	}
	lua_pushboolean(L, virus.p != NULL);
	lua_setfield(L, -2, "infected");
	set_span(L, "virus", virus);
}

/* "BAYES_99,HTML_MESSAGE" as { BAYES_99 = true, ... } */
static void
set_names(lua_State *L, struct span s)
{
	struct span name;

	lua_newtable(L);
	while (span_cut(&s, ',', &name)) {
		while (name.n > 0 && (unsigned char)name.p[name.n - 1] <= ' ')
			name.n--;
		name = span_trim(name);
		if (name.n == 0)
			continue;
		mod_push_span(L, name);
		lua_pushboolean(L, true);
		lua_rawset(L, -3);
		hook_limit_check(L);
	}
	lua_setfield(L, -2, "symbols");
}

static void
set_spamd(lua_State *L, const struct service_request *r)
{
	struct span value;
	double score = 0, threshold = 0;
	bool spam = false;

	if (r->http.status != 0) {
		fail(L, buf_span(&r->http.reason));
		return;
	}
	if (!http_field(&r->http, SPAN("spam"), &value) ||
	    service_spamd_result(value, &spam, &score, &threshold) == -1) {
		fail(L, SPAN("spamd said nothing of spam"));
		return;
	}
	lua_pushboolean(L, spam);
	lua_setfield(L, -2, "spam");
	lua_pushnumber(L, score);
	lua_setfield(L, -2, "score");
	lua_pushnumber(L, threshold);
	lua_setfield(L, -2, "threshold");
	set_names(L, buf_span(&r->http.body));
}

/* Field `from' of the table on top as field `to' of the one below it, when
 * it is of that type. */
static bool
lift(lua_State *L, const char *from, const char *to, int type)
{
	bool good = lua_getfield(L, -1, from) == type;

	if (good)
		lua_setfield(L, -3, to);
	else
		lua_pop(L, 1);
	return good;
}

/* { "NAME": { "score": 1.5, ... }, ... } as { NAME = 1.5, ... }; the decoded
 * answer is on top, below it the result. */
static void
set_scores(lua_State *L)
{
	lua_newtable(L);
	if (lua_getfield(L, -2, "symbols") == LUA_TTABLE)
		for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
			hook_limit_check(L);
			if (!lua_istable(L, -1))
				continue;
			/* scores, symbols, name, symbol */
			lua_pushvalue(L, -2);
			if (lua_getfield(L, -2, "score") == LUA_TNUMBER)
				lua_rawset(L, -6);
			else
				lua_pop(L, 2);
		}
	lua_pop(L, 1);
	lua_setfield(L, -3, "symbols");
}

/* Decodes by the module json, whatever a script did to its table. Pushes the
 * value, or nil and why not. */
static void
decode(lua_State *L, struct span text)
{
	lua_pushcfunction(L, mod_json_open);
	lua_call(L, 0, 1);
	lua_getfield(L, -1, "decode");
	lua_remove(L, -2);
	mod_push_span(L, text);
	lua_call(L, 1, 2);
}

static void
set_rspamd(lua_State *L, const struct service_request *r)
{
	decode(L, buf_span(&r->http.body));
	if (!lua_istable(L, -2)) {
		lua_pop(L, 2);
		fail(L, r->http.status == 200 ? SPAN("not JSON") :
						buf_span(&r->http.reason));
		return;
	}
	lua_pop(L, 1);
	if (!lift(L, "action", "action", LUA_TSTRING) ||
	    !lift(L, "score", "score", LUA_TNUMBER)) {
		/* { "error": "..." } */
		if (lift(L, "error", "error", LUA_TSTRING)) {
			lua_pushboolean(L, false);
			lua_setfield(L, -3, "ok");
			lua_pop(L, 1);
			return;
		}
		lua_pop(L, 1);
		fail(L, SPAN("rspamd gave no action"));
		return;
	}
	lift(L, "required_score", "threshold", LUA_TNUMBER);
	set_scores(L);
	lua_setfield(L, -2, "result");
}

/* { ["content-type"] = "text/plain", ... }; of a name that comes twice both,
 * divided by ", " (RFC 9110 5.3). */
static void
set_headers(lua_State *L, struct span rest)
{
	struct span line;

	lua_newtable(L);
	while (span_cut(&rest, '\n', &line) && line.n > 0) {
		size_t n = span_chr(line, ':');

		mod_push_span(L, span_head(line, n));
		lua_pushvalue(L, -1);
		if (lua_rawget(L, -3) == LUA_TNIL) {
			lua_pop(L, 1);
			mod_push_span(L, span_skip(line, n + 2));
		} else {
			lua_pushliteral(L, ", ");
			mod_push_span(L, span_skip(line, n + 2));
			lua_concat(L, 3);
		}
		lua_rawset(L, -3);
	}
	lua_setfield(L, -2, "headers");
}

static void
set_http(lua_State *L, const struct service_request *r)
{
	lua_pushinteger(L, r->http.status);
	lua_setfield(L, -2, "status");
	set_span(L, "reason", buf_span(&r->http.reason));
	set_headers(L, buf_span(&r->http.fields));
	set_span(L, "body", buf_span(&r->http.body));
}

void
mod_service_push(lua_State *L, const struct service_request *r)
{
	static const char *const kinds[] = {"clamd", "spamd", "rspamd",
	    "http"};
	static void (*const set[])(lua_State *,
	    const struct service_request *) = {set_clamd, set_spamd,
	    set_rspamd, set_http};

	lua_newtable(L);
	set_span(L, "name", r->name);
	lua_pushstring(L, kinds[r->kind]);
	lua_setfield(L, -2, "service");
	set_span(L, "host", r->hosts[r->tcp.host]);
	lua_pushnumber(L, (lua_Number)r->ms / 1000);
	lua_setfield(L, -2, "time");
	if (r->error != NULL) {
		fail(L, span_of(r->error));
		return;
	}
	lua_pushboolean(L, true);
	lua_setfield(L, -2, "ok");
	set[r->kind](L, r);
}
