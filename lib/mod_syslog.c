/*
 * mod_syslog: lines of the script's own. They go where the program's lines
 * go (log.h), as one event with level and text; only after syslog.open() do
 * they go to syslog(3), and the program's still where they went before.
 */
#include "mod.h"

static struct {
	bool opened;
	char ident[32]; /* openlog(3) keeps the pointer; musl cuts here */
	int options, facility;
} own;

/* A message is one line, and no terminal is asked to do anything. */
static void
send_to_syslog(int level, struct span text)
{
	static char line[LOG_LINE];
	size_t n = 0;

	for (; n < text.n && n < sizeof line; n++) {
		unsigned char c = (unsigned char)text.p[n];

		line[n] = c < ' ' || c == 0x7f ? '?' : text.p[n];
	}
	/* One connection for both, so its name changes hands each time. */
	openlog(own.ident, own.options, own.facility);
	syslog(level, "%.*s", (int)n, line);
	log_reopen();
}

static int
send(lua_State *L, int level, int idx)
{
	static const char *const names[] = {"emerg", "alert", "crit", "err",
	    "warning", "notice", "info", "debug"};
	struct span text = mod_check_span(L, idx);
	struct log l;

	if (own.opened) {
		send_to_syslog(level, text);
		return 0;
	}
	log_open_at(&l, level, "syslog");
	log_str(&l, "level", names[level]);
	log_span(&l, "text", text);
	log_send(&l);
	return 0;
}

/* syslog.open(ident [, options [, facility]]): from now on the script's lines
 * go to syslog(3) under that name (31 octets of it). Not needed otherwise. The
 * default options are LOG_PID, the default facility is LOG_MAIL. */
static int
open(lua_State *L)
{
	struct span ident = mod_check_span(L, 1);
	lua_Integer options = luaL_optinteger(L, 2, LOG_PID);
	lua_Integer facility = luaL_optinteger(L, 3, LOG_MAIL);

	luaL_argcheck(L, (options & ~(LOG_PID | LOG_CONS | LOG_ODELAY |
		LOG_NDELAY | LOG_NOWAIT | LOG_PERROR)) == 0, 2,
	    "not a sum of options");
	luaL_argcheck(L, (facility & ~LOG_FACMASK) == 0, 3,
	    "not a facility");
	ident = span_head(ident, sizeof own.ident - 1);
	memset(own.ident, 0, sizeof own.ident);
	for (size_t i = 0; i < ident.n; i++)
		own.ident[i] = (unsigned char)ident.p[i] <= ' ' ? '?' :
		    ident.p[i];
	own.options = (int)options;
	own.facility = (int)facility;
	own.opened = true;
	return 0;
}

/* syslog.close(): the script's lines go where the program's go again. */
static int
close(lua_State *L)
{
	(void)L;
	if (own.opened) {
		own.opened = false;
		closelog();
		log_reopen();
	}
	return 0;
}

/* syslog.log(level, message): one line; level is LOG_EMERG to LOG_DEBUG. */
static int
log_message(lua_State *L)
{
	lua_Integer level = luaL_checkinteger(L, 1);

	luaL_argcheck(L, level >= LOG_EMERG && level <= LOG_DEBUG, 1,
	    "not a level");
	return send(L, (int)level, 2);
}

/* syslog.error(message): the same as
 * syslog.log(syslog.LOG_ERR, message). */
static int
error(lua_State *L)
{
	return send(L, LOG_ERR, 1);
}

/* syslog.info(message): the same as
 * syslog.log(syslog.LOG_INFO, message). */
static int
info(lua_State *L)
{
	return send(L, LOG_INFO, 1);
}

/* syslog.debug(message): the same as
 * syslog.log(syslog.LOG_DEBUG, message). */
static int
debug(lua_State *L)
{
	return send(L, LOG_DEBUG, 1);
}

#define CONSTANT(name) {#name, name}
static const struct mod_constant constants[] = {
    /* options */
    CONSTANT(LOG_PID),
    CONSTANT(LOG_CONS),
    CONSTANT(LOG_ODELAY),
    CONSTANT(LOG_NDELAY),
    CONSTANT(LOG_NOWAIT),
    CONSTANT(LOG_PERROR),
    /* facilities */
    CONSTANT(LOG_KERN),
    CONSTANT(LOG_USER),
    CONSTANT(LOG_MAIL),
    CONSTANT(LOG_DAEMON),
    CONSTANT(LOG_AUTH),
    CONSTANT(LOG_SYSLOG),
    CONSTANT(LOG_LPR),
    CONSTANT(LOG_NEWS),
    CONSTANT(LOG_UUCP),
    CONSTANT(LOG_CRON),
    CONSTANT(LOG_AUTHPRIV),
    CONSTANT(LOG_FTP),
    CONSTANT(LOG_LOCAL0),
    CONSTANT(LOG_LOCAL1),
    CONSTANT(LOG_LOCAL2),
    CONSTANT(LOG_LOCAL3),
    CONSTANT(LOG_LOCAL4),
    CONSTANT(LOG_LOCAL5),
    CONSTANT(LOG_LOCAL6),
    CONSTANT(LOG_LOCAL7),
    /* levels */
    CONSTANT(LOG_EMERG),
    CONSTANT(LOG_ALERT),
    CONSTANT(LOG_CRIT),
    CONSTANT(LOG_ERR),
    CONSTANT(LOG_WARNING),
    CONSTANT(LOG_NOTICE),
    CONSTANT(LOG_INFO),
    CONSTANT(LOG_DEBUG),
    {NULL, 0},
};

int
mod_syslog_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
	    {"open", open},
	    {"close", close},
	    {"log", log_message},
	    {"error", error},
	    {"info", info},
	    {"debug", debug},
	    {NULL, NULL},
	};

	luaL_newlib(L, functions);
	mod_set_constants(L, constants);
	return 1;
}
