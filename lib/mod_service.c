/*
 * mod_service: questions to other daemons (service.h), asked by one hook: what
 * it asked and was answered is gone when the hook ends, however it ends.
 * They live outside of Lua's memory, so that nothing is lost when a function
 * raises in the middle.
 */
#include "mod_service.h"
#include <errno.h>

#define TIMEOUT	   20000	 /* ms; opts.timeout */
#define CONNECT	   5000		 /* ms of one address; opts.connect_timeout */
#define ANSWER	   (1u << 20)	 /* octets; opts.max */
#define ANSWER_MAX (16u << 20)

static struct service set;
static bool opened;
/* Until it is started a question belongs to nobody but its function, which
 * may raise: it is dropped by whoever makes the next. */
static struct service_request *unfinished;

static void
recover(void)
{
	if (opened)
		service_close(&set);
	opened = false;
	unfinished = NULL;
}

static void
open_set(lua_State *L)
{
	const struct hook_config *c = &hook_engine.config;

	if (opened)
		return;
	if (service_init(&set, c->dnsservers, c->ndnsservers) == -1)
		luaL_error(L, "dnsservers: %s", strerror(errno));
	opened = true;
	mod_at_end(recover);
}

/* --- a question --- */

struct service_request *
mod_service_make(lua_State *L, enum service_kind kind)
{
	open_set(L);
	if (unfinished != NULL)
		service_drop(unfinished);
	return unfinished = service_new(&set, kind);
}

int
mod_service_refuse(lua_State *L, const char *why)
{
	if (unfinished != NULL)
		service_drop(unfinished);
	unfinished = NULL;
	return mod_fail(L, "%s", why);
}

/* The name of its answer: opts.name, else the service's with a number behind
 * it when there are several. */
static struct span
name_of(lua_State *L, struct service_request *r, int opts, const char *kind)
{
	struct span name = mod_option_string(L, opts, "name", &r->arena);
	unsigned n = 0;

	if (name.p != NULL)
		return name;
	for (const struct service_request *q = set.first; q != NULL;
	     q = q->next)
		n += q->kind == r->kind;
	return n == 1 ? span_of(kind) :
			arena_printf(&r->arena, "%s%u", kind, n);
}

void
mod_service_options(lua_State *L, struct service_request *r, int opts,
    const char *kind)
{
	r->name = name_of(L, r, opts, kind);
	r->timeout = mod_option_ms(L, opts, "timeout", TIMEOUT);
	r->patience = mod_option_ms(L, opts, "connect_timeout", CONNECT);
	r->max = (size_t)mod_option_integer(L, opts, "max", ANSWER, ANSWER_MAX);
}

const char *
mod_service_body(lua_State *L, struct service_request *r, int idx, int opts,
    bool message, bool *some)
{
	const struct hook_facts *f = hook_engine.config.facts;
	struct span path = {NULL, 0};
	int64_t size = 0;

	*some = true;
	r->data = mod_option_string(L, opts, "data", &r->arena);
	if (!lua_isnoneornil(L, idx)) {
		luaL_argcheck(L, r->data.p == NULL, opts,
		    "both a file and data");
		path = mod_check_span(L, idx);
	} else if (r->data.p != NULL) {
		r->size = r->data.n;
		return NULL;
	} else if (message && f != NULL && f->in_transaction) {
		path = f->msg_file;
	}
	*some = path.p != NULL;
	if (!*some)
		return message ? "there is no message" : NULL;
	if ((r->fd = mod_open_file(path, &size)) == -1)
		return strerror(errno);
	r->size = (uint64_t)size;
	return NULL;
}

void
mod_service_hosts(lua_State *L, struct service_request *r, unsigned port)
{
	r->nhosts = mod_strings(L, 1, "hosts", MOD_HOSTS, &r->arena,
	    &r->hosts);
	luaL_argcheck(L, r->nhosts > 0, 1, "no host");
	r->port = port;
}

int
mod_service_start(lua_State *L)
{
	struct service_request *r = unfinished;

	mod_push_span(L, r->name);
	unfinished = NULL;
	service_start(r);
	return 1;
}

/* service.clamd(hosts [, file [, opts]]) -> name | nil, error: lets clamd
 * look for viruses (INSTREAM). The port is 3310. */
static int
clamd(lua_State *L)
{
	static const char *const names[] = {MOD_SERVICE_OPTIONS, NULL};
	struct service_request *r;
	const char *why;
	bool some;

	mod_check_options(L, 3, names);
	if ((r = mod_service_make(L, SERVICE_CLAMD)) == NULL)
		return mod_service_refuse(L, MOD_SERVICE_TOO_MANY);
	mod_service_hosts(L, r, 3310);
	mod_service_options(L, r, 3, "clamd");
	if ((why = mod_service_body(L, r, 2, 3, true, &some)) != NULL)
		return mod_service_refuse(L, why);
	service_clamd_ask(r);
	return mod_service_start(L);
}

/* service.spamd(hosts [, file [, opts]]) -> name | nil, error: asks
 * SpamAssassin. The port is 783. */
static int
spamd(lua_State *L)
{
	static const char *const names[] = {MOD_SERVICE_OPTIONS, "user", "symbols", NULL};
	struct service_request *r;
	struct span user;
	const char *why;
	bool some, check;

	mod_check_options(L, 3, names);
	if ((r = mod_service_make(L, SERVICE_SPAMD)) == NULL)
		return mod_service_refuse(L, MOD_SERVICE_TOO_MANY);
	mod_service_hosts(L, r, 783);
	mod_service_options(L, r, 3, "spamd");
	user = mod_option_string(L, 3, "user", &r->arena);
	check = lua_istable(L, 3) && lua_getfield(L, 3, "symbols") != LUA_TNIL &&
	    !mod_option_flag(L, 3, "symbols");
	if ((why = mod_service_body(L, r, 2, 3, true, &some)) != NULL)
		return mod_service_refuse(L, why);
	service_spamd_ask(r, user, !check);
	return mod_service_start(L);
}

/* --- answers --- */

/* service.wait([all]) -> table | nil, error: waits until all questions have
 * ended, or with false until one has, and gives what was answered, each
 * answer once: by number, in the order of the questions, and by name. */
static int
do_wait(lua_State *L)
{
	bool all = lua_isnoneornil(L, 1) || mod_check_flag(L, 1);
	lua_Integer n = 0;

	if (opened && unfinished != NULL) {
		service_drop(unfinished);
		unfinished = NULL;
	}
	if (!opened || !service_pending(&set))
		return mod_fail(L, "nothing was asked");
	while (service_wait(&set, all, hook_limit_deadline()) == -1)
		hook_limit_check(L);
	hook_limit_check(L);
	lua_newtable(L);
	for (struct service_request *r = set.first, *next; r != NULL;
	     r = next) {
		next = r->next;
		if (!r->done)
			continue;
		mod_service_push(L, r);
		mod_push_span(L, r->name);
		lua_pushvalue(L, -2);
		lua_rawset(L, -4);
		lua_rawseti(L, -2, ++n);
		service_drop(r);
	}
	return 1;
}

/* service.reset(): forgets all questions; who was asked is hung up on. */
static int
do_reset(lua_State *L)
{
	(void)L;
	if (opened)
		service_reset(&set);
	unfinished = NULL;
	return 0;
}

int
mod_service_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
	    {"clamd", clamd},
	    {"spamd", spamd},
	    {"rspamd", mod_service_rspamd},
	    {"http", mod_service_http},
	    {"wait", do_wait},
	    {"reset", do_reset},
	    {NULL, NULL},
	};

	luaL_newlib(L, functions);
	return 1;
}
