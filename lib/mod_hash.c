/*
 * mod_hash: digests and HMAC, by BearSSL. The contexts are plain memory that
 * Lua owns; nothing has to be closed.
 */
#include "mod.h"
#include <bearssl.h>

#define DIGEST_MAX 32

static char key; /* a context's metatable in the registry */

static const struct algorithm {
	const char *name;
	const br_hash_class *class;
} algorithms[] = {
    {"md5", &br_md5_vtable},
    {"sha1", &br_sha1_vtable},
    {"sha256", &br_sha256_vtable},
    {NULL, NULL},
};

static const br_hash_class *
check_algorithm(lua_State *L, int idx)
{
	const char *name = luaL_checkstring(L, idx);

	for (const struct algorithm *a = algorithms; a->name != NULL; a++)
		if (strcmp(a->name, name) == 0)
			return a->class;
	luaL_argerror(L, idx, "not md5, sha1 or sha256");
	return NULL;
}

/* As octets, or in lower-case hexadecimal digits. */
static int
push_digest(lua_State *L, const unsigned char *p, size_t n, bool raw)
{
	static const char hex[] = "0123456789abcdef";
	char text[2 * DIGEST_MAX];

	if (raw) {
		lua_pushlstring(L, (const char *)p, n);
		return 1;
	}
	for (size_t i = 0; i < n; i++) {
		text[2 * i] = hex[p[i] >> 4];
		text[2 * i + 1] = hex[p[i] & 15];
	}
	lua_pushlstring(L, text, 2 * n);
	return 1;
}

static size_t
digest_size(const br_hash_class *class)
{
	return class->desc >> BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK;
}

static int
digest(lua_State *L, const br_hash_class *class)
{
	struct span text = mod_check_span(L, 1);
	bool raw = mod_check_flag(L, 2);
	unsigned char out[DIGEST_MAX];
	br_hash_compat_context c;

	class->init(&c.vtable);
	class->update(&c.vtable, text.p, text.n);
	class->out(&c.vtable, out);
	return push_digest(L, out, digest_size(class), raw);
}

/* hash.md5(text [, raw]) -> string: hexadecimal digits; with raw, octets. */
static int
md5(lua_State *L)
{
	return digest(L, &br_md5_vtable);
}

/* hash.sha1(text [, raw]) -> string: as hash.md5. */
static int
sha1(lua_State *L)
{
	return digest(L, &br_sha1_vtable);
}

/* hash.sha256(text [, raw]) -> string: as hash.md5. */
static int
sha256(lua_State *L)
{
	return digest(L, &br_sha256_vtable);
}

/* hash.hmac(algorithm, key, text [, raw]) -> string: RFC 2104; algorithm is
 * "md5", "sha1" or "sha256". */
static int
hmac(lua_State *L)
{
	const br_hash_class *class = check_algorithm(L, 1);
	struct span secret = mod_check_span(L, 2), text = mod_check_span(L, 3);
	bool raw = mod_check_flag(L, 4);
	unsigned char out[DIGEST_MAX];
	br_hmac_key_context k;
	br_hmac_context c;

	br_hmac_key_init(&k, class, secret.p, secret.n);
	br_hmac_init(&c, &k, 0);
	br_hmac_update(&c, text.p, text.n);
	return push_digest(L, out, br_hmac_out(&c, out), raw);
}

static int
make_context(lua_State *L, const br_hash_class *class)
{
	br_hash_compat_context *c = lua_newuserdatauv(L, sizeof *c, 0);

	class->init(&c->vtable);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &key);
	lua_setmetatable(L, -2);
	return 1;
}

/* hash.new(algorithm) -> context: a digest of what comes in pieces, as in
 * hook.content and hook.body. */
static int
new(lua_State *L)
{
	return make_context(L, check_algorithm(L, 1));
}

/* md5.new() -> context: the same as hash.new("md5"). */
static int
md5_new(lua_State *L)
{
	return make_context(L, &br_md5_vtable);
}

static br_hash_compat_context *
check_context(lua_State *L)
{
	br_hash_compat_context *c = mod_test_userdata(L, 1, &key);

	if (c == NULL)
		luaL_typeerror(L, 1, "hash context");
	return c;
}

/* context:append(text) -> context: takes the next piece. */
static int
append(lua_State *L)
{
	br_hash_compat_context *c = check_context(L);
	struct span text = mod_check_span(L, 2);

	c->vtable->update(&c->vtable, text.p, text.n);
	lua_settop(L, 1);
	return 1;
}

/* context:done([raw]) -> string: the digest of all that was appended; more
 * may follow. */
static int
done(lua_State *L)
{
	br_hash_compat_context *c = check_context(L);
	bool raw = mod_check_flag(L, 2);
	unsigned char out[DIGEST_MAX];

	c->vtable->out(&c->vtable, out);
	return push_digest(L, out, digest_size(c->vtable), raw);
}

/* md5.sum(text [, raw]) -> string: the same as hash.md5. */
static int
md5_sum(lua_State *L)
{
	return md5(L);
}

/* Once: contexts know it by its identity. */
static void
open_context(lua_State *L)
{
	static const luaL_Reg methods[] = {
	    {"append", append},
	    {"done", done},
	    {NULL, NULL},
	};

	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &key) != LUA_TNIL)
		return;
	lua_createtable(L, 0, 3);
	luaL_newlib(L, methods);
	lua_setfield(L, -2, "__index");
	lua_pushliteral(L, "hash context");
	lua_setfield(L, -2, "__name");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
}

int
mod_hash_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
	    {"md5", md5},
	    {"sha1", sha1},
	    {"sha256", sha256},
	    {"hmac", hmac},
	    {"new", new},
	    {NULL, NULL},
	};

	open_context(L);
	luaL_newlib(L, functions);
	return 1;
}

int
mod_md5_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
	    {"new", md5_new},
	    {"sum", md5_sum},
	    {NULL, NULL},
	};

	open_context(L);
	luaL_newlib(L, functions);
	return 1;
}
