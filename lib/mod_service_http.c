/* mod_service_http: the questions that are HTTP, to web servers and to rspamd,
 * which is told of the envelope in fields of its own. See mod_service.h. */
#include "mod_service.h"
#include "ip.h"

#define HEADERS	   100 /* of opts.headers */
#define RECIPIENTS 10000

static bool
is_ours(struct span name)
{
	static const struct span ours[] = {SPAN_LIT("host"),
	    SPAN_LIT("connection"), SPAN_LIT("content-length"),
	    SPAN_LIT("transfer-encoding")};

	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (span_ieq(name, ours[i]))
			return true;
	return false;
}

/* opts.headers, { Name = "value" } */
static void
put_headers(lua_State *L, struct service_request *r, int opts)
{
	int n = 0;

	if (!lua_istable(L, opts) ||
	    lua_getfield(L, opts, "headers") == LUA_TNIL)
		return;
	luaL_argcheck(L, lua_istable(L, -1), opts,
	    "option 'headers' is no table");
	for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
		struct span name;

		luaL_argcheck(L, lua_type(L, -2) == LUA_TSTRING &&
		    lua_type(L, -1) == LUA_TSTRING, opts,
		    "option 'headers' is not of strings");
		luaL_argcheck(L, ++n <= HEADERS, opts, "too many headers");
		name = mod_check_span(L, -2);
		if (!http_token_valid(name) || is_ours(name))
			luaL_argerror(L, opts, lua_pushfstring(L,
			    "header '%s' cannot be set", name.p));
		service_http_field(r, name, mod_check_span(L, -1));
	}
	lua_pop(L, 1);
}

/* service.http(url [, file [, opts]]) -> name | nil, error: GETs an URL, or
 * POSTs a file or opts.data to it. http only. */
int
mod_service_http(lua_State *L)
{
	static const char *const names[] = {MOD_SERVICE_OPTIONS, "method", "headers", NULL};
	struct span url = mod_check_span(L, 1), host, target, method;
	struct service_request *r;
	const char *why;
	bool some;

	mod_check_options(L, 3, names);
	if ((r = mod_service_make(L, SERVICE_HTTP)) == NULL)
		return mod_service_refuse(L, MOD_SERVICE_TOO_MANY);
	mod_service_options(L, r, 3, "http");
	method = mod_option_string(L, 3, "method", &r->arena);
	luaL_argcheck(L, method.p == NULL || http_token_valid(method), 3,
	    "option 'method' is none");
	if ((why = service_http_url(r, url, &host, &target)) != NULL ||
	    (why = mod_service_body(L, r, 2, 3, false, &some)) != NULL)
		return mod_service_refuse(L, why);
	if (method.p == NULL)
		method = some ? SPAN("POST") : SPAN("GET");
	service_http_ask(r, method, host, target);
	put_headers(L, r, 3);
	service_http_end(r, some);
	return mod_service_start(L);
}

/* --- rspamd --- */

/* One field of the envelope: the option, else what is known. */
static void
put_fact(lua_State *L, struct service_request *r, const char *option,
    const char *field, struct span known)
{
	struct span s = mod_option_string(L, 3, option, &r->arena);

	if (s.p == NULL)
		s = known;
	if (s.p != NULL)
		service_http_field(r, span_of(field), s);
}

static void
put_recipients(lua_State *L, struct service_request *r,
    const struct hook_facts *f)
{
	const struct span *v = f->recipients;
	size_t n = f->nrecipients;

	if (lua_istable(L, 3) && lua_getfield(L, 3, "rcpt") != LUA_TNIL) {
		n = mod_strings(L, lua_gettop(L), "rcpt", RECIPIENTS,
		    &r->arena, &v);
		lua_pop(L, 1);
	}
	for (size_t i = 0; i < n; i++)
		service_http_field(r, SPAN("Rcpt"), v[i]);
}

static void
put_envelope(lua_State *L, struct service_request *r)
{
	static const struct hook_facts none;
	const struct hook_facts *f = hook_engine.config.facts;
	struct span client;
	struct ip ip;

	if (f == NULL)
		f = &none;
	client = f->ip;
	if (client.p != NULL && ip_parse(client, &ip) == -1)
		client = span_make(NULL, 0);
	put_fact(L, r, "ip", "IP", client);
	put_fact(L, r, "helo", "Helo", f->helo);
	put_fact(L, r, "hostname", "Hostname", span_make(NULL, 0));
	put_fact(L, r, "from", "From", f->sender);
	put_fact(L, r, "user", "User", f->auth_user);
	put_fact(L, r, "queue_id", "Queue-Id", f->id_transaction);
	put_fact(L, r, "password", "Password", span_make(NULL, 0));
	put_recipients(L, r, f);
}

/* service.rspamd(hosts [, file [, opts]]) -> name | nil, error: asks rspamd
 * (POST /checkv2). The port is 11333. */
int
mod_service_rspamd(lua_State *L)
{
	static const char *const names[] = {MOD_SERVICE_OPTIONS, "headers", "ip", "helo",
	    "hostname", "from", "rcpt", "user", "queue_id", "password", NULL};
	struct service_request *r;
	struct span host;
	const char *why;
	bool some;

	mod_check_options(L, 3, names);
	if ((r = mod_service_make(L, SERVICE_RSPAMD)) == NULL)
		return mod_service_refuse(L, MOD_SERVICE_TOO_MANY);
	mod_service_hosts(L, r, 11333);
	mod_service_options(L, r, 3, "rspamd");
	if ((why = mod_service_body(L, r, 2, 3, true, &some)) != NULL)
		return mod_service_refuse(L, why);
	host = r->hosts[0].p[0] == '/' ? SPAN("localhost") : r->hosts[0];
	service_http_ask(r, SPAN("POST"), host, SPAN("/checkv2"));
	put_envelope(L, r);
	put_headers(L, r, 3);
	service_http_end(r, true);
	return mod_service_start(L);
}
