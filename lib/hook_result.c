/*
 * hook_result: what goes into a hook and what comes out, [drop,] reply,
 * checked against the stage's row. Runs inside a protected call: everything
 * here may raise.
 */
#include "mod_msg.h"

#define LIST_MAX (64u * 1024) /* octets of a list that a script returns */

void
mod_push_span(lua_State *L, struct span s)
{
	if (s.p == NULL)
		lua_pushnil(L);
	else
		lua_pushlstring(L, s.p, s.n);
}

struct span
mod_check_span(lua_State *L, int idx)
{
	struct span s;

	s.p = luaL_checklstring(L, idx, &s.n);
	return s;
}

void
hook_result_params(lua_State *L, struct span params)
{
	struct span word;

	lua_newtable(L);
	while (params.p != NULL && span_word(&params, &word)) {
		size_t eq = span_chr(word, '=');
		luaL_Buffer b;

		luaL_buffinit(L, &b);
		for (size_t i = 0; i < eq; i++) {
			char c = word.p[i];

			luaL_addchar(&b, (char)(c >= 'a' && c <= 'z' ?
				c & ~0x20 : c));
		}
		luaL_pushresult(&b);
		if (eq == word.n)
			lua_pushboolean(L, 1);
		else
			mod_push_span(L, span_skip(word, eq + 1));
		lua_rawset(L, -3);
	}
}

static void
push_list(lua_State *L, struct span items)
{
	struct span item;
	lua_Integer i = 0;

	lua_newtable(L);
	while (items.n > 0 && span_cut(&items, '\n', &item)) {
		mod_push_span(L, item);
		lua_rawseti(L, -2, ++i);
		if (items.p == NULL)
			break;
	}
}

static void
push_arg(lua_State *L, struct hook_call *call, const struct hook_arg *a)
{
	switch (a->type) {
	case ARG_NIL:
		lua_pushnil(L);
		break;
	case ARG_STRING:
		mod_push_span(L, a->s);
		break;
	case ARG_INTEGER:
		lua_pushinteger(L, a->i);
		break;
	case ARG_BOOLEAN:
		lua_pushboolean(L, a->i != 0);
		break;
	case ARG_PARAMS:
		hook_result_params(L, a->s);
		break;
	case ARG_FIELDS:
		hook_fields_push(L, a->fields, (size_t)a->i);
		break;
	case ARG_MSG:
		mod_msg_push(L, a->msg);
		break;
	case ARG_LIST:
		push_list(L, a->s);
		/* A copy below the call: the script may change its items. */
		lua_pushvalue(L, -1);
		lua_replace(L, call->list);
		break;
	}
}

void
hook_result_push(lua_State *L, struct hook_call *call)
{
	luaL_checkstack(L, (int)call->nargs + LUA_MINSTACK, NULL);
	for (size_t i = 0; i < call->nargs; i++)
		push_arg(L, call, &call->args[i]);
}

/* May this stage's script say this code? */
static bool
code_fits(int code, int rows_code)
{
	if (rows_code == HOOK_ANY_CODE ||
	    (rows_code == HOOK_AUTH && (code == 235 || code == 334)))
		return true;
	switch (code) {
	case 220:
	case 221:
	case 235:
	case 334:
	case 353:
	case 354:
		return code == rows_code;
	default:
		return true;
	}
}

/* A line in the place of the one that was asked about. */
static void
read_line(struct hook_call *call, struct span line)
{
	struct buf *out = &call->h->list;

	for (size_t i = 0; i < line.n; i++)
		if ((unsigned char)line.p[i] < ' ' || line.p[i] == 0x7f)
			call->wrong = "the line holds a control character";
	if (line.n > LIST_MAX)
		call->wrong = "the line is too long";
	if (call->wrong != NULL)
		return;
	buf_reset(out);
	buf_put(out, line);
	call->v->list = buf_span(out);
}

static void
read_string(lua_State *L, struct hook_call *call, int idx)
{
	const struct hook_row *row = &hook_rows[call->id];
	struct verdict *v = call->v;

	call->wrong = reply_parse(mod_check_span(L, idx), &call->h->text,
	    &v->reply);
	if (call->wrong != NULL &&
	    (row->code == HOOK_LINE || row->code == HOOK_ROUTE)) {
		call->wrong = NULL;
		v->reply = REPLY_NONE;
		read_line(call, mod_check_span(L, idx));
		return;
	}
	if (call->wrong == NULL && row->verdicts == 0)
		call->wrong = "this stage has no reply";
	if (call->wrong == NULL && !code_fits(v->reply.code, row->code))
		call->wrong = "this stage does not use that code";
	if (call->wrong != NULL)
		v->reply = REPLY_NONE;
	else
		v->kind = VERDICT_REPLY;
}

/* Copies the verdict out of Lua's memory. Raises when it means nothing at
 * this stage. */
static void
read_verdict(lua_State *L, struct hook_call *call,
    const struct mod_verdict *m)
{
	const struct hook_row *row = &hook_rows[call->id];
	struct hooks *h = call->h;
	struct verdict *v = call->v;

	if ((row->verdicts & 1u << m->kind) == 0)
		luaL_error(L, "action.%s means nothing in hook.%s",
		    mod_action_name(m->kind), row->name);
	/* A 354 that changes no state would put the client out of step. */
	if (!code_fits(m->code, m->kind == VERDICT_INFO ? 0 : row->code))
		luaL_error(L, "hook.%s does not use code %d", row->name,
		    m->code);
	buf_reset(&h->text);
	buf_reset(&h->place);
	buf_put(&h->text, span_make(m->data, m->ntext));
	buf_put(&h->place, span_make(m->data + m->ntext, m->nplace));
	memcpy(h->enhanced, m->enhanced, sizeof h->enhanced);
	v->kind = m->kind;
	v->drop = v->drop || m->drop;
	v->timed = m->timed;
	v->uncounted = m->uncounted;
	v->after = m->after;
	v->place = buf_span(&h->place);
	v->reply = (struct reply){m->code, *h->enhanced ? h->enhanced : NULL,
	    buf_span(&h->text), v->drop};
}

/* The strings of the array at idx, checked, divided by '\n', if they are not
 * what the script was given. */
static void
read_list(lua_State *L, struct hook_call *call, int idx)
{
	struct span given = {NULL, 0};
	struct buf *out = &call->h->list;
	lua_Integer n = (lua_Integer)lua_rawlen(L, idx);

	for (size_t i = 0; i < call->nargs; i++)
		if (call->args[i].type == ARG_LIST)
			given = call->args[i].s;
	buf_reset(out);
	for (lua_Integer i = 1; i <= n; i++) {
		struct span s;

		if (lua_rawgeti(L, idx, i) != LUA_TSTRING)
			luaL_error(L, "item %d of the list is a %s", (int)i,
			    luaL_typename(L, -1));
		s = mod_check_span(L, -1);
		if (out->n + s.n > LIST_MAX)
			luaL_error(L, "the list is too long");
		for (size_t k = 0; k < s.n; k++)
			if ((unsigned char)s.p[k] < ' ' || s.p[k] == 0x7f)
				luaL_error(L, "item %d of the list holds a "
				    "control character", (int)i);
		if (i > 1)
			buf_putc(out, '\n');
		buf_put(out, s);
		lua_pop(L, 1);
	}
	if (!span_eq(buf_span(out), given))
		call->v->list = buf_span(out);
}

static void
read_value(lua_State *L, struct hook_call *call, int idx)
{
	const struct mod_verdict *m;

	switch (lua_type(L, idx)) {
	case LUA_TNONE:
	case LUA_TNIL:
		break;
	case LUA_TSTRING:
		read_string(L, call, idx);
		break;
	case LUA_TTABLE:
		if (call->list == 0)
			call->wrong = "a table";
		else
			lua_copy(L, idx, call->list);
		break;
	case LUA_TUSERDATA:
		if ((m = mod_action_test(L, idx)) != NULL)
			read_verdict(L, call, m);
		else
			call->wrong = "a userdata";
		break;
	default:
		call->wrong = luaL_typename(L, idx);
	}
}

/* Of a stage whose answer is no reply but a table. */
static void
read_table(lua_State *L, struct hook_call *call, int idx)
{
	const struct mod_verdict *m;

	switch (lua_type(L, idx)) {
	case LUA_TNONE:
	case LUA_TNIL:
		break;
	case LUA_TTABLE:
		if (hook_rows[call->id].code == HOOK_LISTS)
			hook_fields_read_lists(L, call, idx);
		else
			hook_fields_read(L, call, idx);
		break;
	default:
		if ((m = mod_action_test(L, idx)) != NULL)
			read_verdict(L, call, m);
		else
			call->wrong = luaL_typename(L, idx);
	}
}

void
hook_result_read(lua_State *L, struct hook_call *call, int base)
{
	const struct hook_row *row = &hook_rows[call->id];
	int idx = base + 1;

	if (row->code == HOOK_TABLE || row->code == HOOK_LISTS) {
		read_table(L, call, idx);
		call->v->reply.drop = call->v->drop;
		return;
	}

	if (row->code == HOOK_TRUE) {
		call->v->kind = lua_isboolean(L, idx) && lua_toboolean(L, idx) ?
		    VERDICT_ACCEPT : VERDICT_REJECT;
		return;
	}
	if (row->code == HOOK_SENT &&
	    (lua_isnoneornil(L, idx) || lua_isboolean(L, idx))) {
		if (lua_toboolean(L, idx))
			call->v->kind = VERDICT_ACCEPT;
		else
			call->wrong = "neither true nor a reply";
		return;
	}
	if (row->code == HOOK_ROUTE && lua_istable(L, idx)) {
		hook_fields_read(L, call, idx);
		return;
	}
	if (lua_isboolean(L, idx) && row->code == HOOK_YES_NO) {
		if (!lua_toboolean(L, idx))
			call->v->kind = VERDICT_REJECT;
		return;
	}
	if (lua_isboolean(L, idx)) {
		call->v->drop = lua_toboolean(L, idx);
		idx++;
	}
	read_value(L, call, idx);
	if (call->list != 0 && call->v->kind == VERDICT_DEFAULT)
		read_list(L, call, call->list);
	call->v->reply.drop = call->v->drop;
}

bool
hook_result_thrown(lua_State *L, struct hook_call *call)
{
	const struct mod_verdict *m = mod_action_test(L, -1);

	if (m == NULL)
		return false;
	read_verdict(L, call, m);
	call->v->reply.drop = call->v->drop;
	return true;
}
