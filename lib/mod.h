/*
 * mod: what the rooms that know lua.h share among themselves, lib/hook*.c
 * and lib/mod*.c. Nobody else includes it.
 */
#ifndef MOD_H
#define MOD_H

#include "clock.h"
#include "hook.h"
#include "log.h"
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

struct hooks {
	lua_State *L;
	struct hook_config config;
	int ref[HOOK_N];		/* the function's, 0: not defined */
	unsigned char nparams[HOOK_N];	/* HOOK_ANY: "..." */
	bool busy;			/* inside hook_run() */
	unsigned long calls;		/* grows with each call's end */
	bool collect;			/* memory ran out: full collection */
	/* What the last verdict borrows. */
	struct buf text, place, list, fields;
	char enhanced[12];
};
#define HOOK_ANY 255

/* The one engine of the process; facts may be NULL (queuerun). */
extern struct hooks hook_engine;

enum hook_policy { POLICY_SCRIPT, POLICY_DEFER, POLICY_REFUSE, POLICY_CLOSE,
	POLICY_RETRY, POLICY_LATER, POLICY_NOTHING, POLICY_DENY };

struct hook_row {
	const char *name;
	unsigned verdicts; /* V(...) */
	int code;
	enum hook_policy failure, limit;
};
extern const struct hook_row hook_rows[HOOK_N];

/* --- hook_alloc.c: the heap --- */

/* Gives everything back and starts again, empty, with limit octets. */
void hook_alloc_reset(uint64_t limit);
/* lua_Alloc; ud is not used. */
void *hook_alloc(void *ud, void *p, size_t osize, size_t nsize);
/* Octets held, in whole pages. */
size_t hook_alloc_held(void);
/* Was the last request for more refused? Asking forgets it. */
bool hook_alloc_refused(void);

/* --- hook_limit.c: time, and what must not be swallowed --- */

enum hook_over { OVER_NOT, OVER_TIME, OVER_MEMORY };

/* Once per state: the signal handler, the line for `stuck'. */
void hook_limit_init(const struct hook_config *config);
/* A call begins on L; name is the hook's, for the log. */
void hook_limit_start(lua_State *L, const char *name);
/* It is over: what it ran out of. */
enum hook_over hook_limit_stop(void);
/* Where the limit struck, "file:12: ", or "". */
const char *hook_limit_where(void);
/* What ran out, as a text for people. */
const char *hook_limit_text(enum hook_over over);
/* The heap is exhausted, and collecting did not help. */
void hook_limit_memory(void);
/* Memory was refused once: the next instruction asks hook_alloc_refused(). */
void hook_limit_suspect(void);
/* After a wait where raising is not possible: the next instruction does. */
void hook_limit_waited(void);
/* Raises when a limit has struck: after each wait of a C function. */
void hook_limit_check(lua_State *L);
bool hook_limit_running(void);
/* Has a limit struck the running call? */
bool hook_limit_struck(void);
/* When the running call must end; CLOCK_NEVER when none runs. */
clock_ms hook_limit_deadline(void);
/* Raises what has struck, if anything: where no time was spent waiting. */
void hook_limit_raise(lua_State *L);
/* Lua goes on in `to', which has to notice what happened meanwhile. */
void hook_limit_switch(lua_State *to);
/* The texts that are raised. */
void hook_limit_open(lua_State *L);

/* --- hook_recover.c: a call that cannot end, and is left --- */

struct hook_call;
/* Notes the functions of Lua's own libraries that may be left; before the
 * script is loaded. May raise. */
void hook_recover_open(lua_State *L);
/* In the signal handler: leaves the call, if that is possible. */
void hook_recover_jump(lua_State *L);
/* Runs call by f; when it was left, another state is there. */
void hook_recover_run(struct hook_call *call,
    void (*f)(struct hooks *h, struct hook_call *call));
/* The number of the state, from 1. */
unsigned long hook_recover_state(void);
/* hook_coroutine.c: coroutine.resume, wrap, close and xpcall of our own. */
void hook_coroutine_open(lua_State *L);

/* --- hook_error.c: errors and their places --- */

/* Before each protected call: nothing was raised yet. */
void hook_error_reset(void);
/* The message handler of each: notes the place. */
int hook_error_note(lua_State *L);
/* Did it note one? */
bool hook_error_placed(void);
/* Appends the error on top of the stack, or what ran out, as
 * "file:12: message"; its line, or known when it names none. */
int hook_error_describe(lua_State *L, enum hook_over over, int known,
    struct buf *out);
/* A value is to blame that no line raised: the stage's function stands for
 * it. Appends "file:12: "; its line, or 0. */
int hook_error_definition(struct hooks *h, enum hook_id id, struct buf *out);
/* The line event=hook-error. */
void hook_error_log(struct hooks *h, const char *hook, int line,
    struct span text);

/* --- hook_file.c: loading --- */

/* luaL_loadfilex() for text: pushes a function, LUA_OK, or a message. */
int hook_file_load(lua_State *L, const char *path);

/* --- hook_sandbox.c, hook_process.c: the standard libraries --- */

void hook_sandbox_open(lua_State *L, const char *luapath);
/* Libraries that open at their first use: each pushes its table. */
int hook_sandbox_debug(lua_State *L);
int hook_sandbox_io(lua_State *L);
int hook_sandbox_os(lua_State *L);
/* os.execute and io.popen of our own, into the table on top. */
void hook_process_execute(lua_State *L);
void hook_process_popen(lua_State *L);

/* --- hook_table.c: the table `hook' --- */

void hook_table_open(lua_State *L);
/* After loading: takes over a table that the script put in its place. */
void hook_table_adopt(lua_State *L);

/* --- hook_trace.c: smtpe --trace --- */

struct hook_call;
/* Nanoseconds, for the time a call took. */
int64_t hook_trace_clock(void);
/* Shows a call that is over; lines is what a call for lines was given. */
void hook_trace(const struct hook_call *call, struct span lines,
    int64_t started);

/* --- hook_result.c: arguments and return values --- */

struct hook_call {
	struct hooks *h;
	enum hook_id id;
	const struct hook_arg *args;
	size_t nargs;
	struct verdict *v;
	const char *wrong; /* what is wrong with the value it returned */
	int list;	   /* stack index of an ARG_LIST's table, or 0 */
	struct span lines; /* p not NULL: one call for each of its lines */
	struct hook_context *context; /* NULL: the script's global one */
};
void hook_result_push(lua_State *L, struct hook_call *call);
/* Reads the values above base; raises for a script's error. */
void hook_result_read(lua_State *L, struct hook_call *call, int base);
/* A value that was thrown: true when it was a verdict. */
bool hook_result_thrown(lua_State *L, struct hook_call *call);
/* hook_fields.c: the table at idx, into the verdict. */
void hook_fields_read(lua_State *L, struct hook_call *call, int idx);
void hook_fields_read_lists(lua_State *L, struct hook_call *call, int idx);
/* Pushes fields as a table; "a.b" as b of its table a. */
void hook_fields_push(lua_State *L, const struct hook_field *f, size_t n);
/* "a=b c" as a table {A = "b", C = true}, pushed. */
void hook_result_params(lua_State *L, struct span params);

/* --- modules --- */

/* A verdict made by action.*; text, then place, follow it. */
struct mod_verdict {
	enum verdict_kind kind;
	int code; /* 0: the stage's own */
	bool drop, timed, uncounted; /* hook.h, struct verdict */
	int64_t after;
	char enhanced[12]; /* "" : none */
	size_t ntext, nplace;
	char data[];
};
/* The verdict at idx, or NULL when it is something else. */
const struct mod_verdict *mod_action_test(lua_State *L, int idx);
/* "reject" */
const char *mod_action_name(enum verdict_kind kind);
void mod_action_open(lua_State *L);
void mod_client_open(lua_State *L);
void mod_smtpe_open(lua_State *L);

/* --- mod.c: the modules of mod.def, which open at first use --- */

void mod_open(lua_State *L);
#define MODULE(name, open, doc) int open(lua_State *L);
#include "mod.def"
#undef MODULE

/*
 * What a module holds beside Lua's memory does not outlive the hook (or the
 * loading) that made it: recover is called once when that has ended, however
 * it did. To say so twice is to say it once.
 */
void mod_at_end(void (*recover)(void));
/* The engine: it has ended. */
void mod_end(void);

/*
 * The room for results that are built in a struct buf: emptied, and never
 * lost when something raises, because it is always the same one; so no call
 * into the script may come between taking and pushing it. A module
 * that puts more into it than a few times its arguments' size has a limit of
 * its own.
 */
struct buf *mod_scratch(void);
/* Pushes what is in it; 1, for return. */
int mod_push_scratch(lua_State *L);
/* An expected failure: pushes nil and the message; 2, for return. */
int mod_fail(lua_State *L, const char *fmt, ...);
/* The optional flag at idx: a boolean, or a number other than 0. */
bool mod_check_flag(lua_State *L, int idx);
struct mod_constant {
	const char *name; /* NULL: the end */
	lua_Integer value;
};
/* Fields of the table on top. */
void mod_set_constants(lua_State *L, const struct mod_constant *c);

/* A span as a Lua string; nil when p is NULL. */
void mod_push_span(lua_State *L, struct span s);
/* Has the value at idx the metatable that is in the registry at key? */
bool mod_has_metatable(lua_State *L, int idx, const void *key);
/* The same of a userdata, which is returned, or NULL. */
void *mod_test_userdata(lua_State *L, int idx, const void *key);
/* The string at idx, which must be one. */
struct span mod_check_span(lua_State *L, int idx);

#endif
