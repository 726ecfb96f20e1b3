/*
 * hook: see hook.h. This room calls the script's hooks; whatever happens in
 * between, a verdict comes out.
 */
#include "control.h"
#include "mod.h"
#include <stdio.h>

const struct hook_row hook_rows[HOOK_N] = {
#define HOOK(name, args, verdicts, code, failure, limit, doc)                 \
	{#name, verdicts, code, POLICY_##failure, POLICY_##limit},
#include "hook.def"
#undef HOOK
};

struct hooks hook_engine;

int64_t
hook_deadline(void)
{
	return hook_limit_deadline();
}

const char *
hook_name(enum hook_id id)
{
	return hook_rows[id].name;
}

bool
hook_defined(const struct hooks *h, enum hook_id id)
{
	return h != NULL && h->ref[id] != 0;
}

unsigned
hook_nparams(const struct hooks *h, enum hook_id id)
{
	return hook_defined(h, id) ? h->nparams[id] : 0;
}

bool
hook_where(const struct hooks *h, enum hook_id id, struct buf *out)
{
	lua_Debug ar;

	if (!hook_defined(h, id))
		return false;
	lua_rawgeti(h->L, LUA_REGISTRYINDEX, h->ref[id]);
	lua_getinfo(h->L, ">S", &ar);
	buf_printf(out, "%s:%d", ar.short_src, ar.linedefined);
	return true;
}

/* The stage's function for each line, until one has something to say. */
static int
protected_lines(lua_State *L, struct hook_call *call)
{
	struct span line;

	lua_rawgeti(L, LUA_REGISTRYINDEX, call->h->ref[call->id]);
	while (call->lines.n > 0) {
		size_t n = span_chr(call->lines, '\n');

		line = span_head(call->lines, n);
		if (n > 0 && line.p[n - 1] == '\r')
			line.n--;
		call->lines = span_skip(call->lines, n + 1);
		lua_pushvalue(L, 2);
		lua_pushlstring(L, line.p, line.n);
		lua_call(L, 1, LUA_MULTRET);
		if (lua_gettop(L) == 2)
			continue;
		hook_result_read(L, call, 2);
		if (call->v->kind != VERDICT_DEFAULT || call->v->drop)
			break;
		lua_settop(L, 2);
	}
	return 0;
}

/* The call's own table `context', made at need. */
static void
push_context(lua_State *L, struct hook_context *c)
{
	if (c->state != hook_recover_state())
		*c = (struct hook_context){0};
	if (c->ref == 0) {
		lua_newtable(L);
		c->ref = luaL_ref(L, LUA_REGISTRYINDEX);
		c->state = hook_recover_state();
	}
	lua_rawgeti(L, LUA_REGISTRYINDEX, c->ref);
	lua_setglobal(L, "context");
}

static int
protected_run(lua_State *L)
{
	struct hook_call *call = lua_touserdata(L, 1);
	int base = 1;

	if (call->lines.p != NULL)
		return protected_lines(L, call);
	if (call->context != NULL)
		push_context(L, call->context);

	for (size_t i = 0; i < call->nargs; i++)
		if (call->args[i].type == ARG_LIST)
			call->list = 2;
	if (call->list != 0) {
		lua_pushnil(L);
		base = 2;
	}
	lua_rawgeti(L, LUA_REGISTRYINDEX, call->h->ref[call->id]);
	hook_result_push(L, call);
	lua_call(L, (int)call->nargs, LUA_MULTRET);
	hook_result_read(L, call, base);
	return 0;
}

/* A thrown value, which may be a verdict. */
static int
protected_thrown(lua_State *L)
{
	struct hook_call *call = lua_touserdata(L, 1);

	lua_pushboolean(L, hook_result_thrown(L, call));
	return 1;
}

/* What an error or a limit gives at this stage. */
static void
fail(struct hooks *h, enum hook_id id, enum hook_policy policy, bool script,
    struct verdict *v)
{
	const struct hook_row *row = &hook_rows[id];
	const struct controls *c = h->config.controls;
	bool defer = policy == POLICY_DEFER ||
	    (script && policy == POLICY_SCRIPT && (c != NULL ? span_eq(c->hookerror, SPAN("defer")) :
		h->config.defer_errors));

	*v = (struct verdict){.failed = true};
	if (policy == POLICY_REFUSE || policy == POLICY_DENY)
		v->kind = VERDICT_REJECT;
	if (policy == POLICY_CLOSE) {
		v->kind = VERDICT_DISCONNECT;
		v->reply = REPLY(421, "4.3.0",
		    "Temporary failure, try again later");
		v->drop = v->reply.drop = true;
	}
	if (!defer || (row->verdicts & V(DEFER)) == 0)
		return;
	v->kind = VERDICT_DEFER;
	v->reply = REPLY(451, "4.3.0", "Temporary failure, try again later");
}

/* The call raised; what it threw lies on top. */
static void
failed(struct hooks *h, struct hook_call *call, int status,
    enum hook_over over)
{
	const struct hook_row *row = &hook_rows[call->id];
	lua_State *L = h->L;
	struct buf text = {0};
	int line = 0;

	if (status == LUA_ERRMEM)
		over = OVER_MEMORY;
	if (over == OVER_MEMORY)
		h->collect = true;
	if (over == OVER_NOT && mod_action_test(L, -1) != NULL) {
		lua_pushcfunction(L, protected_thrown);
		lua_insert(L, -2);
		lua_pushlightuserdata(L, call);
		lua_insert(L, -2);
		if (lua_pcall(L, 2, 1, 0) == LUA_OK)
			return;
	}
	if (!hook_error_placed() && *hook_limit_where() == '\0')
		line = hook_error_definition(h, call->id, &text);
	line = hook_error_describe(L, over, line, &text);
	hook_error_log(h, row->name, line, buf_span(&text));
	buf_free(&text);
	fail(h, call->id, over != OVER_NOT ? row->limit : row->failure, true,
	    call->v);
}

/* It returned something that is no reply: the default one, and a line. */
static void
no_reply(struct hooks *h, struct hook_call *call)
{
	const struct hook_row *row = &hook_rows[call->id];
	struct buf text = {0};
	bool drop = call->v->drop;
	int line = hook_error_definition(h, call->id, &text);

	buf_printf(&text, "what it returned is no %s: %s",
	    row->code == HOOK_TABLE || row->code == HOOK_LISTS ? "table" :
	    "reply", call->wrong);
	hook_error_log(h, row->name, line, buf_span(&text));
	buf_free(&text);
	fail(h, call->id, row->failure, false, call->v);
	if (drop)
		call->v->drop = call->v->reply.drop = true;
}

static void
run(struct hooks *h, struct hook_call *call)
{
	enum hook_id id = call->id;
	lua_State *L = h->L;
	enum hook_over over;
	int status;

	if (h->collect) {
		h->collect = false;
		lua_gc(L, LUA_GCCOLLECT);
	}
	hook_error_reset();
	hook_limit_start(L, hook_rows[id].name);
	lua_pushcfunction(L, hook_error_note);
	lua_pushcfunction(L, protected_run);
	lua_pushlightuserdata(L, call);
	status = lua_pcall(L, 1, 0, 1);
	if (id == HOOK_close)
		fflush(NULL);
	over = hook_limit_stop();
	mod_end();
	h->calls++;
	if (status != LUA_OK || over != OVER_NOT)
		failed(h, call, status, over);
	else if (call->wrong != NULL)
		no_reply(h, call);
	lua_settop(L, 0);
}

static void
start(struct hooks *h, struct hook_call *call)
{
	struct span lines;
	int64_t started = 0;

	*call->v = (struct verdict){.kind = VERDICT_DEFAULT};
	/* A hook that a hook's own reply would run has to wait for ever. */
	if (h == NULL || h->busy)
		return;
	if (h->ref[call->id] == 0) {
		/* What the script's own files still hold; we end by _exit(). */
		if (call->id == HOOK_close)
			fflush(NULL);
		return;
	}
	lines = call->lines;
	if (h->config.trace)
		started = hook_trace_clock();
	h->busy = true;
	if (h->config.recover)
		hook_recover_run(call, run);
	else
		run(h, call);
	h->busy = false;
	if (h->config.trace)
		hook_trace(call, lines, started);
}

void
hook_run(struct hooks *h, enum hook_id id, const struct hook_arg *args,
    size_t nargs, struct verdict *v)
{
	struct hook_call call = {
	    .h = h, .id = id, .args = args, .nargs = nargs, .v = v};

	start(h, &call);
}

void
hook_run_with(struct hooks *h, enum hook_id id, const struct hook_arg *args,
    size_t nargs, struct verdict *v, struct hook_context *context)
{
	struct hook_call call = {.h = h, .id = id, .args = args,
	    .nargs = nargs, .v = v, .context = context};

	start(h, &call);
}

void
hook_context_end(struct hooks *h, struct hook_context *c)
{
	/* Two tables of Lua's own: nothing here can raise. */
	if (h != NULL && c->ref != 0 && c->state == hook_recover_state())
		luaL_unref(h->L, LUA_REGISTRYINDEX, c->ref);
	*c = (struct hook_context){0};
}

void
hook_run_lines(struct hooks *h, enum hook_id id, struct span block,
    struct verdict *v)
{
	struct hook_call call = {.h = h, .id = id, .v = v, .lines = block};

	start(h, &call);
}
