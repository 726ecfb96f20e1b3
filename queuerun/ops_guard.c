/*
 * ops_guard: who may use a verb: hook.api's say, when the script defines it.
 * It restricts those whom a sudo rule lets at smtpe-queue; the boundary is the
 * permission on the queue. Anything but true denies, and so does a script
 * that cannot be loaded.
 *
 * Whom sudo has let in, being neither root nor the queue's owner, may not
 * bring other settings along, which would name another script.
 */
#include "die.h"
#include "file.h"
#include "hook.h"
#include "num.h"
#include "ops.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_SCRIPT	"/etc/smtpe/smtpe.lua"
#define DEFAULT_CONTROL "/etc/smtpe/control/script"

/* The one who asks: whom sudo says, else who started us. */
static uid_t
asking_uid(void)
{
	const char *sudo = getenv("SUDO_UID");
	uint64_t uid;

	if (sudo == NULL || num_parse_max(span_of(sudo), UINT32_MAX, &uid) == -1)
		return getuid();
	return (uid_t)uid;
}

/* His name, as /etc/passwd has it; the number without one. */
static struct span
name_of(uid_t uid, struct arena *a)
{
	struct buf text = {0};
	struct span rest, line, field[3], name = {NULL, 0};
	uint64_t n;

	if (file_read_at(AT_FDCWD, "/etc/passwd", 16u << 20, &text) == 0) {
		rest = buf_span(&text);
		while (name.p == NULL && span_cut(&rest, '\n', &line))
			if (span_cut(&line, ':', &field[0]) &&
			    span_cut(&line, ':', &field[1]) &&
			    span_cut(&line, ':', &field[2]) &&
			    num_parse_u64(field[2], &n) == 0 && n == uid)
				name = arena_dup(a, field[0]);
	}
	buf_free(&text);
	return name.p != NULL ? name : arena_printf(a, "%u", (unsigned)uid);
}

static bool
is_owner(const struct ops *o, uid_t uid)
{
	struct stat st;

	return uid == 0 ||
	    (o->q != NULL ? uid == o->q->owner :
	    stat(o->controls->queuedir, &st) == 0 && st.st_uid == uid);
}

static bool
exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static void
check_options(const struct ops *o, uid_t uid)
{
	if (is_owner(o, uid) || (!o->own_settings && !o->no_script))
		return;
	if (o->no_script)
		die_perm("--no-script is for root and the queue's owner");
	if (getenv("SUDO_UID") != NULL &&
	    (exists(DEFAULT_CONTROL) || exists(DEFAULT_SCRIPT)))
		die_perm("-c, -s, -q and -o are for root and the queue's "
			 "owner");
}

static struct hooks *
load(struct controls *c, const struct span *luapath)
{
	static struct hook_facts facts;
	struct hook_config config = {.path = c->script,
	    .memory = c->luamemory, .timeout_ms = c->hooktimeout,
	    .facts = &facts, .me = c->me, .controls = c,
	    .control_dir = c->dir, .dnsservers = c->dnsservers.v,
	    .ndnsservers = c->dnsservers.n, .dnstimeout_ms = c->dnstimeout,
	    .luapath = luapath->n > 0 ? luapath->p : NULL};
	struct buf err = {0};
	struct hooks *h;

	if (config.path == NULL) {
		if (!exists(DEFAULT_SCRIPT) && errno == ENOENT)
			return NULL;
		config.path = DEFAULT_SCRIPT;
	}
	if ((h = hooks_load(&config, &err)) == NULL)
		die_temp("script: %s", buf_cstr(&err));
	return h;
}

void
ops_guard(struct ops *o, const char *verb, const char *const *args,
    size_t nargs)
{
	uid_t uid = asking_uid();
	struct buf list = {0};
	struct hook_arg hook_args[3];
	struct verdict v;
	struct span luapath;
	struct hooks *h;

	o->user = name_of(uid, &o->arena);
	check_options(o, uid);
	if (o->no_script)
		return;
	luapath = arena_dup(&o->arena, o->controls->luapath);
	h = load(o->controls, &luapath);
	o->scripted = hook_defined(h, HOOK_queue_config);
	if (!hook_defined(h, HOOK_api))
		return;
	for (size_t i = 0; i < nargs; i++) {
		/* The hook would see other arguments than the verb. */
		if (*args[i] == '\0' || strchr(args[i], '\n') != NULL)
			die_perm("an argument is empty or has a line feed: "
				 "hook.api cannot be asked");
		if (i > 0)
			buf_putc(&list, '\n');
		buf_puts(&list, args[i]);
	}
	hook_args[0] = HOOK_STRING(o->user);
	hook_args[1] = HOOK_STRING(span_of(verb));
	hook_args[2] = HOOK_LIST(buf_span(&list));
	hook_run(h, HOOK_api, hook_args, 3, &v);
	buf_free(&list);
	if (v.failed || v.kind != VERDICT_ACCEPT)
		die_temp("%s: denied by hook.api", verb);
}
