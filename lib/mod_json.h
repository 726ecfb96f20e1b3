/*
 * mod_json: what the rooms of the module json share.
 */
#ifndef MOD_JSON_H
#define MOD_JSON_H

#include "json.h"
#include "mod.h"

#define MOD_JSON_MAX	 (16u * 1024 * 1024)
#define MOD_JSON_TOO_BIG "more than 16 MiB"

/* Marks the table on top as an array. */
void mod_json_mark(lua_State *L);

bool mod_json_marked(lua_State *L, int idx);

/*
 * The value on top of the stack, which stays: NULL, or why it cannot be done.
 * Raises for what has no JSON form. j writes into mod_scratch().
 */
const char *mod_json_put(lua_State *L, struct json *j);

#endif
