/*
 * mod_client: the facts that a script reads as fields of client, connection
 * and transaction, one function each, which pushes one value.
 */
#ifndef MOD_CLIENT_H
#define MOD_CLIENT_H

#include "mod.h"

struct mod_fact {
	const char *name;
	void (*push)(lua_State *L, const struct hook_facts *f);
};

/* Each ends with a row whose name is NULL. */
extern const struct mod_fact mod_client_facts[], mod_connection_facts[],
    mod_transaction_facts[];

/* The view of the recipients (mod_client.c). */
void mod_client_recipients(lua_State *L, const struct hook_facts *f);

#endif
