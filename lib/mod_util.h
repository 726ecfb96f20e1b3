/* mod_util: what the two rooms of the module util share. */
#ifndef MOD_UTIL_H
#define MOD_UTIL_H

#include "mod.h"

int mod_util_listdir(lua_State *L);
int mod_util_readfile(lua_State *L);
int mod_util_update(lua_State *L);

#endif
