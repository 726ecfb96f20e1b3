/* mod_client_facts: see mod_client.h. */
#include "mod_client.h"

static void
push_text(lua_State *L, struct span s)
{
	mod_push_span(L, s);
}

/* "25" as an integer. */
static void
push_port(lua_State *L, struct span s)
{
	lua_Integer port = 0;

	for (size_t i = 0; i < s.n && i < 5 && ascii_isdigit(s.p[i]); i++)
		port = port * 10 + (s.p[i] - '0');
	if (s.n == 0)
		lua_pushnil(L);
	else
		lua_pushinteger(L, port);
}

static void
ip(lua_State *L, const struct hook_facts *f)
{
	push_text(L, f->ip);
}

static void
port(lua_State *L, const struct hook_facts *f)
{
	push_port(L, f->port);
}

static void
local_ip(lua_State *L, const struct hook_facts *f)
{
	push_text(L, f->local_ip);
}

static void
local_port(lua_State *L, const struct hook_facts *f)
{
	push_port(L, f->local_port);
}

/* May ask the DNS, which may outlast the hook. */
static void
host(lua_State *L, const struct hook_facts *f)
{
	struct span s = {NULL, 0};

	if (f->host != NULL)
		s = f->host(f->session);
	hook_limit_check(L);
	push_text(L, s);
}

static void
id_session(lua_State *L, const struct hook_facts *f)
{
	push_text(L, f->id_session);
}

static void
id_transaction(lua_State *L, const struct hook_facts *f)
{
	push_text(L, f->id_transaction);
}

static void
visible(lua_State *L, const struct hook_facts *f, struct span s)
{
	if (f->in_transaction)
		push_text(L, s);
	else
		lua_pushnil(L);
}

static void
id_trans(lua_State *L, const struct hook_facts *f)
{
	visible(L, f, f->id_transaction);
}

static void
msg_file(lua_State *L, const struct hook_facts *f)
{
	visible(L, f, f->msg_file);
}

static void
input(lua_State *L, const struct hook_facts *f)
{
	push_text(L, f->input);
}

static void
pipelining(lua_State *L, const struct hook_facts *f)
{
	lua_pushboolean(L, f->pipelining);
}

static void
helo(lua_State *L, const struct hook_facts *f)
{
	push_text(L, f->helo);
}

static void
protocol(lua_State *L, const struct hook_facts *f)
{
	push_text(L, f->protocol);
}

static void
relay(lua_State *L, const struct hook_facts *f)
{
	lua_pushboolean(L, f->relay);
}

static void
auth(lua_State *L, const struct hook_facts *f)
{
	if (f->auth_user.p == NULL) {
		lua_pushnil(L);
		return;
	}
	lua_createtable(L, 0, 2);
	push_text(L, f->auth_user);
	lua_setfield(L, -2, "user");
	push_text(L, f->auth_mechanism);
	lua_setfield(L, -2, "mechanism");
}

static void
tls(lua_State *L, const struct hook_facts *f)
{
	if (f->tls_protocol.p == NULL) {
		lua_pushnil(L);
		return;
	}
	lua_createtable(L, 0, 6);
	push_text(L, f->tls_protocol);
	lua_setfield(L, -2, "protocol");
	push_text(L, f->tls_cipher);
	lua_setfield(L, -2, "cipher");
	push_text(L, f->tls_sni);
	lua_setfield(L, -2, "sni");
	push_text(L, f->tls_peer);
	lua_setfield(L, -2, "peer");
	lua_pushinteger(L, f->tls_bits);
	lua_setfield(L, -2, "bits");
	lua_pushboolean(L, f->tls_resumed);
	lua_setfield(L, -2, "resumed");
}

static void
sender(lua_State *L, const struct hook_facts *f)
{
	push_text(L, f->sender);
}

static void
params(lua_State *L, const struct hook_facts *f)
{
	if (f->sender.p == NULL)
		lua_pushnil(L);
	else
		hook_result_params(L, f->params);
}

const struct mod_fact mod_client_facts[] = {
    {"address", ip},
    {"port", port},
    {"host", host},
    {"local_address", local_ip},
    {"id_log", id_session},
    {"id_sess", id_session},
    {"id_trans", id_trans},
    {"msg_file", msg_file},
    {"input", input},
    {"is_pipelining", pipelining},
    {NULL, NULL},
};

const struct mod_fact mod_connection_facts[] = {
    {"remote_ip", ip},
    {"remote_port", port},
    {"local_ip", local_ip},
    {"local_port", local_port},
    {"ptr", host},
    {"helo", helo},
    {"protocol", protocol},
    {"auth", auth},
    {"tls", tls},
    {"relay", relay},
    {"id", id_session},
    {NULL, NULL},
};

const struct mod_fact mod_transaction_facts[] = {
    {"id", id_transaction},
    {"sender", sender},
    {"params", params},
    {"recipients", mod_client_recipients},
    {NULL, NULL},
};
