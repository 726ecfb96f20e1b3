/*
 * hook: see hook.h. This room loads the script and calls its hooks; whatever
 * happens in between, a verdict comes out.
 */
#include "die.h"
#include "mod.h"
#include <stdio.h>

const struct hook_row hook_rows[HOOK_N] = {
#define HOOK(name, args, verdicts, code, failure, limit, doc)                 \
	{#name, verdicts, code, POLICY_##failure, POLICY_##limit},
#include "hook.def"
#undef HOOK
};

struct hooks hook_engine;

#define GC_FIRST 256 /* KiB that a session may use before it collects */

/* Where an error was raised, noted by the message handler: "file:12: ". */
static char raised_at[LUA_IDSIZE + 24];
static int raised_line;

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

/* Nothing here runs unprotected; what arrives is a fault of ours. */
static int
panic(lua_State *L)
{
	(void)L;
	die_bug("Lua error outside a protected call");
}

/* Message handler: notes the place and leaves the error object alone (it may
 * be a table whose __tostring never ends). */
static int
note(lua_State *L)
{
	lua_Debug ar;

	for (int level = 1; lua_getstack(L, level, &ar); level++) {
		if (!lua_getinfo(L, "Sl", &ar) || ar.currentline <= 0)
			continue;
		raised_line = ar.currentline;
		snprintf(raised_at, sizeof raised_at, "%s:%d: ",
		    ar.short_src, ar.currentline);
		break;
	}
	return 1;
}

/* The number between colons in "file:12: text", or 0. */
static int
line_of(struct span s)
{
	s = span_head(s, LUA_IDSIZE + 16);
	for (size_t i = 0; i + 2 < s.n; i++) {
		size_t k = i + 1;
		int line = 0;

		if (s.p[i] != ':')
			continue;
		for (; k < s.n && k < i + 9 && ascii_isdigit(s.p[k]); k++)
			line = line * 10 + (s.p[k] - '0');
		if (k > i + 1 && k < s.n && s.p[k] == ':')
			return line;
	}
	return 0;
}

/* The line that a message begins with, or 0. The file must be the one where
 * it was raised, if that is known: "10.0.0.1:25: refused" names no line. */
static int
message_line(struct span s)
{
	struct span file = span_of(raised_at);

	if (file.n > 2) {
		file = span_head(file, span_rchr(span_head(file, file.n - 2),
		    ':'));
		if (!span_eq(span_head(s, file.n), file))
			return 0;
		s = span_skip(s, file.n);
	}
	return line_of(s);
}

/* Appends the error on top of the stack as "file:12: message"; its line, or
 * known when it names none. */
static int
describe(lua_State *L, enum hook_over over, int known, struct buf *out)
{
	struct span s;
	int line;

	if (over != OVER_NOT) {
		const char *where = hook_limit_where();

		if (*where == '\0')
			where = raised_at;
		buf_puts(out, where);
		buf_puts(out, hook_limit_text(over));
		return line_of(span_of(where));
	}
	if (lua_type(L, -1) != LUA_TSTRING) {
		buf_puts(out, raised_at);
		buf_printf(out, "the error is a %s value",
		    luaL_typename(L, -1));
		return raised_line ? raised_line : known;
	}
	s.p = lua_tolstring(L, -1, &s.n);
	line = message_line(s);
	if (line == 0) {
		buf_puts(out, raised_at);
		line = raised_line ? raised_line : known;
	}
	buf_put(out, span_head(s, LOG_LINE));
	return line;
}

static void
log_error(struct hooks *h, const char *hook, int line, struct span text)
{
	const struct hook_facts *f = h->config.facts;
	struct log l;

	log_open_at(&l, LOG_ERR, "hook-error");
	log_str(&l, "hook", hook);
	if (f != NULL && f->in_transaction && f->id_transaction.p != NULL)
		log_span(&l, "id", f->id_transaction);
	else if (f != NULL && f->id_session.p != NULL)
		log_span(&l, "id", f->id_session);
	if (line > 0)
		log_num(&l, "line", line);
	log_printf(&l, "text", "hook.%s: %.*s", hook, SPAN_ARG(text));
	log_send(&l);
}

/* A value is to blame that no line raised: the stage's function stands for
 * it. Appends "file:12: ". */
static int
put_definition(struct hooks *h, enum hook_id id, struct buf *out)
{
	lua_Debug ar;

	if (!hook_where(h, id, out))
		return 0;
	buf_puts(out, ": ");
	lua_rawgeti(h->L, LUA_REGISTRYINDEX, h->ref[id]);
	lua_getinfo(h->L, ">S", &ar);
	return ar.linedefined;
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

/* --- loading --- */

static int
load(lua_State *L)
{
	const struct hook_config *c = &hook_engine.config;

	/* What is made now stays: a collector would walk it for nothing. */
	lua_gc(L, LUA_GCSTOP);
	hook_sandbox_open(L, c->luapath);
	hook_table_open(L);
	mod_action_open(L);
	mod_client_open(L);
	mod_smtpe_open(L);
	mod_open(L);
	lua_newtable(L);
	lua_setglobal(L, "context");
	if (hook_file_load(L, c->path) != LUA_OK)
		return lua_error(L);
	lua_call(L, 0, 0);
	hook_table_adopt(L);
	/* And it has nothing to do before as much again is used. */
	lua_gc(L, LUA_GCRESTART);
	lua_gc(L, LUA_GCSTEP, -GC_FIRST);
	return 0;
}

static void
warn(void *ud, const char *text, int more)
{
	static struct buf whole;

	(void)ud;
	if (whole.n < LOG_LINE)
		buf_puts(&whole, text);
	if (more)
		return;
	log_warn("script", "%.*s", SPAN_ARG(buf_span(&whole)));
	buf_reset(&whole);
}

/* One line, whatever a module's search had to say. */
static void
one_line(struct buf *b, size_t from)
{
	for (size_t i = from; i < b->n; i++)
		if ((unsigned char)b->p[i] < ' ')
			b->p[i] = ' ';
}

struct hooks *
hooks_load(const struct hook_config *config, struct buf *err)
{
	struct hooks *h = &hook_engine;
	struct buf text = h->text, place = h->place, list = h->list;
	struct buf message = {0};
	size_t from = err->n;
	enum hook_over over;
	lua_State *L;
	int status;

	*h = (struct hooks){.config = *config, .text = text, .place = place,
	    .list = list};
	hook_alloc_reset(config->memory);
	hook_limit_init(config);
	if ((L = lua_newstate(hook_alloc, NULL)) == NULL) {
		buf_printf(err, "%s: %s", config->path,
		    hook_limit_text(OVER_MEMORY));
		return NULL;
	}
	h->L = L;
	lua_atpanic(L, panic);
	lua_setwarnf(L, warn, NULL);
	raised_at[0] = '\0';
	raised_line = 0;
	hook_limit_start(L, "load");
	lua_pushcfunction(L, note);
	lua_pushcfunction(L, load);
	status = lua_pcall(L, 0, 0, 1);
	over = hook_limit_stop();
	mod_end();
	if (status == LUA_ERRMEM)
		over = OVER_MEMORY;
	if (status == LUA_OK && over == OVER_NOT) {
		lua_settop(L, 0);
		return h;
	}
	if (describe(L, over, 0, &message) == 0)
		buf_printf(err, "%s: ", config->path);
	buf_put(err, buf_span(&message));
	buf_free(&message);
	one_line(err, from);
	return NULL;
}

/* --- running --- */

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

static int
protected_run(lua_State *L)
{
	struct hook_call *call = lua_touserdata(L, 1);
	int base = 1;

	if (call->lines.p != NULL)
		return protected_lines(L, call);

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
	bool defer = policy == POLICY_DEFER ||
	    (script && h->config.defer_errors);

	*v = (struct verdict){.failed = true};
	if (policy == POLICY_REFUSE)
		v->kind = VERDICT_REJECT;
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
	if (over == OVER_NOT && raised_line == 0)
		line = put_definition(h, call->id, &text);
	line = describe(L, over, line, &text);
	log_error(h, row->name, line, buf_span(&text));
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
	int line = put_definition(h, call->id, &text);

	buf_printf(&text, "what it returned is no reply: %s", call->wrong);
	log_error(h, row->name, line, buf_span(&text));
	buf_free(&text);
	fail(h, call->id, row->failure, false, call->v);
	call->v->drop = call->v->reply.drop = drop;
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
	raised_at[0] = '\0';
	raised_line = 0;
	hook_limit_start(L, hook_rows[id].name);
	lua_pushcfunction(L, note);
	lua_pushcfunction(L, protected_run);
	lua_pushlightuserdata(L, call);
	status = lua_pcall(L, 1, 0, 1);
	if (id == HOOK_close)
		fflush(NULL);
	over = hook_limit_stop();
	mod_end();
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
hook_run_lines(struct hooks *h, enum hook_id id, struct span block,
    struct verdict *v)
{
	struct hook_call call = {.h = h, .id = id, .v = v, .lines = block};

	start(h, &call);
}
