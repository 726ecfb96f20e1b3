/*
 * hook_load: a new Lua state, with the script run in it. Loading is bound as
 * a hook is.
 */
#include "die.h"
#include "mod.h"

#define GC_FIRST 256 /* KiB that a session may use before it collects */

/* Nothing here runs unprotected; what arrives is a fault of ours. */
static int
panic(lua_State *L)
{
	(void)L;
	die_bug("Lua error outside a protected call");
}

static int
load(lua_State *L)
{
	const struct hook_config *c = &hook_engine.config;

	/* What is made here stays: a collector would walk it for nothing. */
	lua_gc(L, LUA_GCSTOP);
	hook_sandbox_open(L, c->luapath);
	if (c->recover)
		hook_recover_open(L);
	hook_table_open(L);
	mod_action_open(L);
	mod_client_open(L);
	mod_smtpe_open(L);
	mod_open(L);
	lua_newtable(L);
	lua_setglobal(L, "context");
	if (hook_file_load(L, c->path) != LUA_OK)
		return lua_error(L);
	/* From here on garbage is made; a little of it may lie. */
	lua_gc(L, LUA_GCRESTART);
	lua_gc(L, LUA_GCSTEP, -GC_FIRST);
	lua_call(L, 0, 0);
	hook_table_adopt(L);
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
	struct buf fields = h->fields;
	struct buf message = {0};
	size_t from = err->n;
	enum hook_over over;
	lua_State *L;
	int status;

	*h = (struct hooks){.config = *config, .text = text, .place = place,
	    .list = list, .fields = fields};
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
	hook_error_reset();
	hook_limit_start(L, "load");
	lua_pushcfunction(L, hook_error_note);
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
	if (hook_error_describe(L, over, 0, &message) == 0)
		buf_printf(err, "%s: ", config->path);
	buf_put(err, buf_span(&message));
	buf_free(&message);
	one_line(err, from);
	return NULL;
}
