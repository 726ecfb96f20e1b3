/*
 * mod_smtp: mail to other servers (smtpclient.h), for call-aheads and
 * forwarding. One connection at a time, outside of Lua's memory: a call that
 * raises leaves it to the next call, or to the end of the hook, to clean up.
 */
#include "control.h"
#include "file.h"
#include "mod_hosts.h"
#include "smtpclient.h"
#include <errno.h>
#include <unistd.h>

#define TIMEOUT	   60000 /* ms, of the whole; opts.timeout */
#define CONNECT	   10000 /* ms, of one address; opts.connect_timeout */
#define RECIPIENTS 100000
#define BLOCK	   16384

static const char *const option_names[] = {"helo", "params", "timeout",
    "connect_timeout", "tls", NULL};

static struct {
	bool used;
	struct smtpclient client;
	struct arena arena;
	/* The message: */
	int fd;		    /* of its file, or -1: */
	struct span text;
	int64_t size, pos;
	char block[BLOCK];
} job;

static void
recover(void)
{
	if (!job.used)
		return;
	smtpclient_free(&job.client);
	arena_free(&job.arena);
	if (job.fd != -1)
		close(job.fd);
	job.used = false;
}

/* --- the message --- */

static int
next_of_file(void *state, struct span *piece)
{
	int64_t n = job.size - job.pos;

	(void)state;
	if (n > BLOCK)
		n = BLOCK;
	if (n == 0)
		return 0;
	if (file_pread_all(job.fd, job.block, (size_t)n, job.pos) == -1)
		return -1;
	job.pos += n;
	*piece = span_make(job.block, (size_t)n);
	return 1;
}

static int
next_of_text(void *state, struct span *piece)
{
	(void)state;
	if (job.pos == job.size)
		return 0;
	job.pos = job.size;
	*piece = job.text;
	return 1;
}

/* --- results --- */

/* How much a result counts when there are several: refusals for now are worth
 * most, because who repeats it loses nothing. */
static int
weight(const struct smtpclient_result *r)
{
	if (r->outcome == SMTPCLIENT_OK)
		return 0;
	return r->outcome == SMTPCLIENT_PERMANENT ? 1 : 2;
}

/* What a hook can return. */
static void
push_reply(lua_State *L, struct reply r)
{
	struct buf *b = mod_scratch();

	/* To our client these would mean something else. */
	if (r.code < 300)
		r.code = 250;
	else if (r.code == 421)
		r.code = 451;
	reply_format(r, b);
	mod_push_span(L, span_head(buf_span(b), b->n - 2));
}

static void
set_string(lua_State *L, const char *name, const char *value)
{
	lua_pushstring(L, value);
	lua_setfield(L, -2, name);
}

/* The fields of the table on top. */
static void
set_result(lua_State *L, const struct smtpclient_result *r)
{
	lua_pushboolean(L, r->outcome == SMTPCLIENT_OK);
	lua_setfield(L, -2, "ok");
	set_string(L, "outcome", smtpclient_outcome_name(r->outcome));
	set_string(L, "stage", smtpclient_stage_name(r->stage));
	lua_pushinteger(L, r->reply.code);
	lua_setfield(L, -2, "code");
	set_string(L, "enhanced", r->reply.enhanced);
	mod_push_span(L, r->reply.text);
	lua_setfield(L, -2, "text");
	push_reply(L, r->reply);
	lua_setfield(L, -2, "reply");
	if (r->theirs)
		return;
	if (r->outcome == SMTPCLIENT_LOCAL && r->error != 0)
		set_string(L, "error", strerror(r->error));
	else {
		mod_push_span(L, r->reply.text);
		lua_setfield(L, -2, "error");
	}
}

static int
push_results(lua_State *L, const struct smtpclient_mail *m, size_t taken,
    struct span host, const struct smtpclient_result *results)
{
	const struct smtpclient_result *worst = NULL;

	lua_newtable(L);
	for (size_t i = 0; i < m->nrecipients; i++) {
		lua_newtable(L);
		mod_push_span(L, m->recipients[i]);
		lua_setfield(L, -2, "recipient");
		set_result(L, &results[i]);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
		if (worst == NULL || weight(&results[i]) > weight(worst))
			worst = &results[i];
		hook_limit_check(L);
	}
	set_result(L, worst);
	lua_pushinteger(L, (lua_Integer)taken);
	lua_setfield(L, -2, "accepted");
	mod_push_span(L, host);
	lua_setfield(L, -2, "host");
	return 1;
}

/* --- the calls --- */

/* Did the host fail, rather than refuse, and with nothing taken for certain?
 * Then the next may be asked. */
static bool
host_failed(void)
{
	return !smtpclient_usable(&job.client) && !job.client.dot_sent &&
	    smtpclient_why(&job.client)->outcome != SMTPCLIENT_LOCAL;
}

/* Gives the mail to one host after the other until one has an opinion. */
static size_t
try_hosts(const struct span *hosts, size_t n, const struct smtpclient_mail *m,
    struct smtpclient_result *results, size_t *at)
{
	struct smtpclient *c = &job.client;
	size_t taken = 0;

	for (*at = 0; *at < n; ++*at) {
		bool failed;

		job.pos = 0;
		(void)smtpclient_open(c, &hosts[*at], 1);
		/* Not open, it says so for each recipient. */
		taken = smtpclient_send(c, m, results);
		failed = host_failed();
		if (!failed || *at + 1 == n)
			break;
		smtpclient_close(c);
	}
	smtpclient_close(c);
	return taken;
}

static void
start(lua_State *L)
{
	recover();
	smtpclient_init(&job.client, &(struct smtpclient_config){0});
	job.arena = (struct arena){0};
	job.fd = -1;
	job.text = SPAN("");
	job.size = job.pos = 0;
	job.used = true;
	mod_at_end(recover);
	(void)L;
}

/* opts.tls: "none", "may", "require" or "verify". */
static void
set_tls(lua_State *L, int opts, struct smtpclient_config *c)
{
	const struct hook_config *h = &hook_engine.config;
	struct span word = mod_option_string(L, opts, "tls", &job.arena);

	if (word.p == NULL)
		return;
	if (secure_parse(word, &c->tls) == -1)
		luaL_error(L, "option tls: none, may, require or verify "
			      "expected, got %s", word.p);
	if (h->controls != NULL && h->controls->tlsca != NULL)
		c->ca = h->controls->tlsca;
	else if (h->control_dir != NULL)
		c->ca = arena_printf(&job.arena, "%s/" TLS_CA_FILE,
		    h->control_dir).p;
}

static void
configure(lua_State *L, int opts, struct smtpclient_mail *m)
{
	const struct hook_config *h = &hook_engine.config;
	struct smtpclient_config c = {.dnsservers = h->dnsservers,
	    .ndnsservers = h->ndnsservers};
	int64_t ms;

	mod_check_options(L, opts, option_names);
	ms = mod_option_ms(L, opts, "timeout", TIMEOUT);
	c.connect_ms = mod_option_ms(L, opts, "connect_timeout", CONNECT);
	c.helo = mod_option_string(L, opts, "helo", &job.arena);
	m->params = mod_option_string(L, opts, "params", &job.arena);
	if (c.helo.p == NULL)
		c.helo = mod_host_name(&job.arena);
	c.deadline = mod_deadline(ms);
	set_tls(L, opts, &c);
	smtpclient_init(&job.client, &c);
}

/* hosts, mail and rcpts are at 1 to 3; e is errno when the message cannot be
 * had. */
static int
run(lua_State *L, struct smtpclient_mail *m, int e)
{
	const struct span *hosts;
	struct smtpclient_result *results;
	size_t n, at = 0, taken = 0;

	m->sender = arena_dup(&job.arena, mod_check_span(L, 2));
	n = mod_strings(L, 1, "hosts", MOD_HOSTS, &job.arena, &hosts);
	m->nrecipients = mod_strings(L, 3, "recipients", RECIPIENTS,
	    &job.arena, &m->recipients);
	luaL_argcheck(L, n > 0, 1, "no host");
	luaL_argcheck(L, m->nrecipients > 0, 3, "no recipient");
	results = arena_zalloc(&job.arena, m->nrecipients * sizeof *results);
	if (e == 0) {
		taken = try_hosts(hosts, n, m, results, &at);
		hook_limit_check(L);
	}
	for (size_t i = 0; e != 0 && i < m->nrecipients; i++)
		results[i] = (struct smtpclient_result){
		    .outcome = SMTPCLIENT_LOCAL, .stage = SMTPCLIENT_DATA,
		    .reply = REPLY(451, "4.3.0", "local trouble"),
		    .error = e};
	push_results(L, m, taken, hosts[at], results);
	recover();
	return 1;
}

/* smtp.sendfile(hosts, mail, rcpts, file [, opts]) -> result: sends the
 * message that the file holds from mail, a sender without <>, to rcpts, a
 * recipient or an array of them. */
static int
sendfile(lua_State *L)
{
	struct smtpclient_mail m = {.next = next_of_file, .eight_bit = true};
	struct span path = mod_check_span(L, 4);
	int e = 0;

	start(L);
	configure(L, 5, &m);
	if ((job.fd = mod_open_file(path, &job.size)) == -1)
		e = errno;
	m.size = job.size;
	return run(L, &m, e);
}

/* smtp.sendstring(hosts, mail, rcpts, message [, opts]) -> result: the same,
 * the message being a string. */
static int
sendstring(lua_State *L)
{
	struct smtpclient_mail m = {.next = next_of_text, .eight_bit = true};
	struct span text = mod_check_span(L, 4);

	start(L);
	configure(L, 5, &m);
	job.text = text;
	m.size = job.size = (int64_t)text.n;
	return run(L, &m, 0);
}

/* smtp.check(hosts, mail, rcpts [, opts]) -> result: a call-ahead: would the
 * hosts take mail for these recipients? It ends before DATA. */
static int
check(lua_State *L)
{
	struct smtpclient_mail m = {.size = -1};

	start(L);
	configure(L, 4, &m);
	return run(L, &m, 0);
}

int
mod_smtp_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
	    {"sendfile", sendfile},
	    {"sendstring", sendstring},
	    {"check", check},
	    {NULL, NULL},
	};

	luaL_newlib(L, functions);
	return 1;
}
