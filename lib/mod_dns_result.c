/*
 * mod_dns_result: what was answered, as the tables that dns.wait() gives:
 * records, sections, queries.
 */
#include "mod_dns.h"
#include <errno.h>

/* --- records as tables --- */

/* The value on top becomes field i and field name of the table below it. */
static void
put(lua_State *L, lua_Integer i, const char *name)
{
	lua_pushvalue(L, -1);
	lua_rawseti(L, -3, i);
	lua_setfield(L, -2, name);
}

static void
put_integer(lua_State *L, lua_Integer i, const char *name, uint32_t v)
{
	lua_pushinteger(L, v);
	put(L, i, name);
}

static void
put_span(lua_State *L, lua_Integer i, const char *name, struct span s)
{
	lua_pushlstring(L, s.p, s.n);
	put(L, i, name);
}

/* The fifth field, which is the value as well. */
static void
put_value(lua_State *L, const char *name, struct span s)
{
	lua_pushlstring(L, s.p, s.n);
	lua_pushvalue(L, -1);
	lua_setfield(L, -3, "value");
	put(L, 5, name);
}

/* Whose name this is, for a PTR record: the address that was asked for, or
 * the owner's name when it stands for none. */
static void
put_pointer(lua_State *L, const struct dns_query *q, const struct dns_rr *rr)
{
	struct ip ip;
	char text[IP_TEXT];
	struct span owner = rr->name;

	if (ip_parse_reverse(rr->name, &ip) == 0 ||
	    /* An alias of the question's (RFC 2317). */
	    (q->type == DNS_PTR && ip_parse_reverse(q->name, &ip) == 0))
		owner = span_of(ip_format(&ip, text));
	put_span(L, 1, "address", owner);
	put_value(L, "name", rr->host);
	mod_push_span(L, rr->host);
	lua_setfield(L, -2, "host");
}

static void
put_soa(lua_State *L, const struct dns_rr *rr)
{
	static const char *const names[] = {"serial", "refresh", "retry",
	    "expire", "minimum"};

	put_value(L, "mname", rr->host);
	put_span(L, 6, "rname", rr->rname);
	for (int i = 0; i < 5; i++)
		put_integer(L, 7 + i, names[i], rr->number[i]);
}

static void
put_address(lua_State *L, const struct dns_rr *rr)
{
	char text[IP_TEXT];

	if (rr->ip.family == 0)
		put_value(L, "data", rr->data); /* of another class */
	else
		put_value(L, "address", span_of(ip_format(&rr->ip, text)));
}

/* Pushes a record: fields by position, in the order of smtpe-lua(7), and by
 * name. */
static void
push_rr(lua_State *L, const struct dns_query *q, const struct dns_rr *rr)
{
	lua_createtable(L, 6, 8);
	if (rr->type != DNS_PTR)
		put_span(L, 1, "name", rr->name);
	put_integer(L, 2, "class", rr->class);
	put_integer(L, 3, "type", rr->type);
	put_integer(L, 4, "ttl", rr->ttl);
	switch (rr->type) {
	case DNS_A:
	case DNS_AAAA:
		put_address(L, rr);
		break;
	case DNS_CNAME:
	case DNS_DNAME:
	case DNS_NS:
		put_value(L, "host", rr->host);
		break;
	case DNS_MX:
		put_value(L, "host", rr->host);
		put_integer(L, 6, "preference", rr->number[0]);
		break;
	case DNS_PTR:
		put_pointer(L, q, rr);
		break;
	case DNS_SOA:
		put_soa(L, rr);
		break;
	case DNS_TXT:
		put_value(L, "text", rr->text);
		break;
	default:
		put_value(L, "data", rr->data);
	}
}

/* --- answers as tables --- */

#define NSECTIONS 3
static const char *const sections[NSECTIONS] = {"answer", "authority",
    "extra"};

/* What dns.wait() is building; the stack holds the tables. */
struct result {
	int table;		  /* the whole */
	int section[NSECTIONS];	  /* its arrays of records */
	lua_Integer n[NSECTIONS]; /* their lengths */
	lua_Integer queries;	  /* answered ones, so far */
	int rcode;
};

void
mod_dns_push_key(lua_State *L, const struct dns_query *q, struct span name)
{
	luaL_Buffer b;

	mod_dns_push_name(L, mod_dns_classes, q->class, "CLASS");
	lua_pushliteral(L, ",");
	mod_dns_push_name(L, mod_dns_types, q->type, "TYPE");
	lua_pushliteral(L, ",");
	luaL_buffinit(L, &b);
	for (size_t i = 0; i < name.n; i++)
		luaL_addchar(&b, ascii_lower(name.p[i]));
	luaL_pushresult(&b);
	lua_concat(L, 5);
}

/* The records of one section, into the query's own array and the whole's. */
static void
push_section(lua_State *L, struct result *r, const struct dns_query *q,
    int i, const struct dns_section *s)
{
	lua_createtable(L, (int)s->n, 0);
	for (size_t k = 0; k < s->n; k++) {
		hook_limit_check(L);
		push_rr(L, q, &s->v[k]);
		lua_pushvalue(L, -1);
		lua_rawseti(L, r->section[i], ++r->n[i]);
		lua_rawseti(L, -2, (lua_Integer)k + 1);
	}
	lua_setfield(L, -2, sections[i]);
}

/* Sets what is on top under a key. */
static void
set_key(lua_State *L, const struct result *r, const struct dns_query *q,
    struct span name)
{
	mod_dns_push_key(L, q, name);
	lua_pushvalue(L, -2);
	lua_rawset(L, r->table);
}

static const char *
error_text(int error)
{
	switch (error) {
	case EINVAL:
		return "not a domain name";
	case EBADMSG:
		return "malformed answer";
	default:
		return strerror(error);
	}
}

static void
add_query(lua_State *L, struct result *r, const struct dns_query *q)
{
	const struct dns_answer *a = &q->answer;

	lua_createtable(L, 0, 8);
	lua_pushinteger(L, a->rcode);
	lua_setfield(L, -2, "rcode");
	lua_pushinteger(L, q->class);
	lua_setfield(L, -2, "class");
	lua_pushinteger(L, q->type);
	lua_setfield(L, -2, "type");
	mod_push_span(L, q->name);
	lua_setfield(L, -2, "name");
	if (a->error != 0) {
		lua_pushstring(L, error_text(a->error));
		lua_setfield(L, -2, "error");
	}
	push_section(L, r, q, 0, &a->answer);
	push_section(L, r, q, 1, &a->authority);
	push_section(L, r, q, 2, &a->extra);
	set_key(L, r, q, q->name);
	/* And as it was asked: "IN,PTR,192.0.2.1". */
	if (!span_ieq(q->asked, q->name))
		set_key(L, r, q, q->asked);
	lua_rawseti(L, r->table, ++r->queries);
	/* One answer that can be used makes the whole usable. */
	if (r->queries == 1 || a->rcode == DNS_NOERROR ||
	    (a->rcode == DNS_NXDOMAIN && r->rcode != DNS_NOERROR))
		r->rcode = a->rcode;
}

int
mod_dns_push_result(lua_State *L, struct dns *d)
{
	struct result r = {.rcode = DNS_ERRNO};
	const struct dns_query *q;

	luaL_checkstack(L, LUA_MINSTACK, NULL);
	lua_newtable(L);
	r.table = lua_gettop(L);
	for (int i = 0; i < NSECTIONS; i++) {
		lua_newtable(L);
		r.section[i] = lua_gettop(L);
		lua_pushvalue(L, -1);
		lua_setfield(L, r.table, sections[i]);
	}
	while ((q = dns_take(d)) != NULL)
		add_query(L, &r, q);
	lua_settop(L, r.table);
	return r.rcode;
}
