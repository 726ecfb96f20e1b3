/*
 * mod_dns: what mod_dns.c, the functions, and mod_dns_result.c, the tables
 * they give, share.
 */
#ifndef MOD_DNS_H
#define MOD_DNS_H

#include "dns.h"
#include "mod.h"

extern const struct mod_constant mod_dns_classes[], mod_dns_types[],
    mod_dns_rcodes[];

/* Pushes the name of a value; prefix and number for one without. */
void mod_dns_push_name(lua_State *L, const struct mod_constant *c,
    lua_Integer value, const char *prefix);

/* Pushes "IN,A,example.org.", with the name given. */
void mod_dns_push_key(lua_State *L, const struct dns_query *q,
    struct span name);

/*
 * Takes the answers that were not taken yet and pushes the table of what they
 * say. The rcode of the whole: NOERROR when a query has it, else NXDOMAIN
 * when one has that, else the first one's.
 */
int mod_dns_push_result(lua_State *L, struct dns *d);

#endif
