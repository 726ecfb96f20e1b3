/*
 * mod_hosts: arguments that the modules which talk to other hosts, mod_smtp
 * and mod_service, have in common.
 */
#ifndef MOD_HOSTS_H
#define MOD_HOSTS_H

#include "arena.h"
#include "mod.h"

#define MOD_HOSTS 16

/*
 * The string at idx, or the array of strings, copied to a: how many. Raises
 * for anything else, and for more than max; what is "hosts", for the message.
 */
size_t mod_strings(lua_State *L, int idx, const char *what, size_t max,
    struct arena *a, const struct span **out);

/* Raises unless there is a table of options at idx, with no others than
 * those in names (NULL at the end), or nothing. */
void mod_check_options(lua_State *L, int idx, const char *const names[]);
/* An option, whose table may be nil. Each raises for one of another type. */
int64_t mod_option_ms(lua_State *L, int idx, const char *name, int64_t ms);
lua_Integer mod_option_integer(lua_State *L, int idx, const char *name,
    lua_Integer otherwise, lua_Integer max);
bool mod_option_flag(lua_State *L, int idx, const char *name);
/* Copied to a; p NULL when it is not there. */
struct span mod_option_string(lua_State *L, int idx, const char *name,
    struct arena *a);

/* Opens a regular file: its descriptor, or -1 and errno. */
int mod_open_file(struct span path, int64_t *size);

/* The deadline of something that takes ms at most, inside of the hook. */
clock_ms mod_deadline(int64_t ms);

/* Our name: the control `me', else the machine's own. */
struct span mod_host_name(struct arena *a);

#endif
