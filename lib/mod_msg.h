/*
 * mod_msg: `msg' of smtpe-lua(7), a view of a struct message. It is worth
 * something during the call that got it; later each use of it raises.
 */
#ifndef MOD_MSG_H
#define MOD_MSG_H

#include "message.h"
#include "mod.h"

/* Pushes msg for m. The same value for each push in one call. */
void mod_msg_push(lua_State *L, struct message *m);

/* The message of argument 1; raises when it is none, or of another call. */
struct message *mod_msg_check(lua_State *L);

/* The same, for a change of part (MESSAGE_*); raises where it is fixed. */
struct message *mod_msg_change(lua_State *L, unsigned part);

/* Pushes a field's value on one line (RFC 5322 2.2.3). */
void mod_push_value(lua_State *L, struct span value);

/* get_meta and set_meta for a message, with the key at idx. */
int mod_msg_get_meta(lua_State *L, const struct message *m, int idx);
int mod_msg_set_meta(lua_State *L, struct message *m, int idx);

/* The methods of the other rooms. */
extern const luaL_Reg mod_msg_envelope[], mod_msg_octets[],
    mod_msg_parts[];

#endif
