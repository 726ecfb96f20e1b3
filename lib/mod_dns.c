/*
 * mod_dns: questions to the resolvers (dns.h), asked by one hook: what it
 * opened, asked and was answered is gone when the hook ends, however it ends.
 *
 * There is one resolver, outside of Lua's memory, so that nothing is lost
 * when a function raises in the middle. What waits obeys dnstimeout and the
 * hook's own time, whichever ends first.
 */
#include "mod_dns.h"
#include <errno.h>

static struct dns resolver;
static bool opened;
static clock_ms deadline; /* of waiting; 0: the next wait sets it */

const struct mod_constant mod_dns_classes[] = {
    {"IN", DNS_IN},
    {"CS", 2},
    {"CH", 3},
    {"HS", 4},
    {"ANY", DNS_ANY},
    {NULL, 0},
};

const struct mod_constant mod_dns_types[] = {
    {"A", DNS_A},
    {"AAAA", DNS_AAAA},
    {"CNAME", DNS_CNAME},
    {"DNAME", DNS_DNAME},
    {"MX", DNS_MX},
    {"NS", DNS_NS},
    {"SOA", DNS_SOA},
    {"TXT", DNS_TXT},
    {"PTR", DNS_PTR},
    {NULL, 0},
};

/* The first name of a value is what rcodename says. */
const struct mod_constant mod_dns_rcodes[] = {
    {"NOERROR", DNS_NOERROR},
    {"OK", DNS_NOERROR},
    {"FORMAT", DNS_FORMERR},
    {"SERVFAIL", DNS_SERVFAIL},
    {"NXDOMAIN", DNS_NXDOMAIN},
    {"NOT_IMPLEMENTED", DNS_NOTIMP},
    {"REFUSED", DNS_REFUSED},
    {"ERRNO", DNS_ERRNO},
    {"TIMEOUT", DNS_TIMEOUT},
    {NULL, 0},
};

/* RFC 3597 5 calls a type without a name TYPE33. */
void
mod_dns_push_name(lua_State *L, const struct mod_constant *c,
    lua_Integer value, const char *prefix)
{
	while (c->name != NULL && c->value != value)
		c++;
	if (c->name != NULL)
		lua_pushstring(L, c->name);
	else
		lua_pushfstring(L, "%s%I", prefix, (LUAI_UACINT)value);
}

/* When the hook has ended. */
static void
recover(void)
{
	if (opened)
		dns_close(&resolver);
	opened = false;
	deadline = 0;
}

static void
open_resolver(lua_State *L)
{
	const struct hook_config *c = &hook_engine.config;

	if (opened)
		return;
	if (dns_init(&resolver, c->dnsservers, c->ndnsservers) == -1)
		luaL_error(L, "dnsservers: %s", strerror(errno));
	opened = true;
	mod_at_end(recover);
}

/* dns.open() -> true: makes ready to ask, for the rest of this hook. Asking
 * does it as well. */
static int
do_open(lua_State *L)
{
	open_resolver(L);
	lua_pushboolean(L, 1);
	return 1;
}

/* dns.close(): forgets all queries and answers and gives the socket back,
 * which the end of the hook does as well. */
static int
do_close(lua_State *L)
{
	(void)L;
	recover();
	return 0;
}

/* dns.reset(): forgets all queries and answers; the time of dnstimeout
 * begins again. */
static int
do_reset(lua_State *L)
{
	(void)L;
	if (opened)
		dns_reset(&resolver);
	deadline = 0;
	return 0;
}

static unsigned
check_code(lua_State *L, int idx)
{
	lua_Integer v = luaL_checkinteger(L, idx);

	luaL_argcheck(L, v >= 0 && v <= 65535, idx, "not in 0..65535");
	return (unsigned)v;
}

/* dns.query(class, type, name) -> key | nil, error: asks, and does not wait.
 * The key is where dns.wait() puts the answer. The root dot of the name may
 * be left out; type PTR takes an IP address. What cannot be asked because it
 * is no domain name has the rcode FORMAT at once; only the 257th query before
 * a dns.reset() is refused here. */
static int
do_query(lua_State *L)
{
	unsigned class = check_code(L, 1), type = check_code(L, 2);
	struct span name = mod_check_span(L, 3);
	const struct dns_query *q;

	open_resolver(L);
	deadline = 0;
	if (dns_query(&resolver, class, type, name) == -1 &&
	    (errno == E2BIG ||
		dns_note(&resolver, class, type, name,
		    errno == EINVAL ? DNS_FORMERR : DNS_ERRNO, errno) == -1))
		return mod_fail(L, "more than %d queries", DNS_QUERIES);
	q = dns_last(&resolver);
	mod_dns_push_key(L, q, q->name);
	return 1;
}

/* dns.ispending() -> boolean: is there a query that dns.wait() has not yet
 * given the answer of? */
static int
is_pending(lua_State *L)
{
	lua_pushboolean(L, opened && dns_untaken(&resolver));
	return 1;
}

/* Pushes why the first query of the result on top has failed. */
static void
push_error(lua_State *L, int rcode)
{
	lua_rawgeti(L, -1, 1);
	if (lua_getfield(L, -1, "error") == LUA_TNIL) {
		lua_pop(L, 1);
		mod_dns_push_name(L, mod_dns_rcodes, rcode, "RCODE");
	}
	lua_remove(L, -2);
}

/* dns.wait([all]) -> rcode, table | rcode, nil, error: waits until all
 * queries have ended, or with false until one has, and gives what they say:
 * each answer once. */
static int
do_wait(lua_State *L)
{
	bool all = lua_isnoneornil(L, 1) || mod_check_flag(L, 1);
	clock_ms until = hook_limit_deadline();
	int rcode;

	if (!opened || !dns_untaken(&resolver)) {
		lua_pushinteger(L, DNS_ERRNO);
		luaL_pushfail(L);
		lua_pushliteral(L, "no query is pending");
		return 3;
	}
	if (deadline == 0)
		deadline = clock_deadline(hook_engine.config.dnstimeout_ms);
	if (until > deadline)
		until = deadline;
	while (dns_wait(&resolver, all, until) == -1)
		hook_limit_check(L);
	hook_limit_check(L);
	rcode = mod_dns_push_result(L, &resolver);
	lua_pushinteger(L, rcode);
	lua_insert(L, -2);
	if (rcode == DNS_NOERROR || rcode == DNS_NXDOMAIN)
		return 2;
	push_error(L, rcode);
	luaL_pushfail(L);
	lua_replace(L, -3);
	return 3;
}

#define LAST_FIELD 11 /* of an SOA record */

/* Is field i of the records at 1 and 2 the same? Domain names are, whatever
 * their case; every text but a TXT's and raw data is one or an address. */
static bool
same_field(lua_State *L, lua_Integer i, bool caseless)
{
	int type = lua_rawgeti(L, 1, i);
	bool same = lua_rawgeti(L, 2, i) == type;

	if (same && type == LUA_TSTRING && caseless)
		same = span_ieq(mod_check_span(L, -2), mod_check_span(L, -1));
	else if (same)
		same = lua_rawequal(L, -2, -1);
	lua_pop(L, 2);
	return same;
}

/* dns.isequal(a, b) -> boolean: are two records the same, their ttl aside?
 * Names are compared without regard to case. */
static int
is_equal(lua_State *L)
{
	bool same = true, caseless;

	luaL_checktype(L, 1, LUA_TTABLE);
	luaL_checktype(L, 2, LUA_TTABLE);
	lua_settop(L, 2);
	lua_getfield(L, 1, "text");
	lua_getfield(L, 1, "data");
	caseless = lua_isnil(L, -2) && lua_isnil(L, -1);
	for (lua_Integer i = 1; i <= LAST_FIELD && same; i++)
		same = i == 4 || same_field(L, i, i != 5 || caseless);
	lua_pushboolean(L, same);
	return 1;
}

/* dns.classname(class) -> string: "IN"; "CLASS5" for one without a name. */
static int
class_name(lua_State *L)
{
	mod_dns_push_name(L, mod_dns_classes, luaL_checkinteger(L, 1), "CLASS");
	return 1;
}

/* dns.typename(type) -> string: "MX"; "TYPE33" for one without a name. */
static int
type_name(lua_State *L)
{
	mod_dns_push_name(L, mod_dns_types, luaL_checkinteger(L, 1), "TYPE");
	return 1;
}

/* dns.rcodename(rcode) -> string: "NXDOMAIN"; NOERROR, which is OK, too;
 * "RCODE9" for one without a name. */
static int
rcode_name(lua_State *L)
{
	mod_dns_push_name(L, mod_dns_rcodes, luaL_checkinteger(L, 1), "RCODE");
	return 1;
}

static void
set_table(lua_State *L, const char *name, const struct mod_constant *c)
{
	lua_newtable(L);
	mod_set_constants(L, c);
	lua_setfield(L, -2, name);
}

int
mod_dns_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
	    {"open", do_open},
	    {"close", do_close},
	    {"reset", do_reset},
	    {"query", do_query},
	    {"ispending", is_pending},
	    {"wait", do_wait},
	    {"isequal", is_equal},
	    {"classname", class_name},
	    {"typename", type_name},
	    {"rcodename", rcode_name},
	    {NULL, NULL},
	};

	luaL_newlib(L, functions);
	set_table(L, "class", mod_dns_classes);
	set_table(L, "type", mod_dns_types);
	set_table(L, "rcode", mod_dns_rcodes);
	return 1;
}
