/* Tables that a hook returned: what is taken, what is an error, what is
 * copied. */
#include "mod.h"
#include "tap.h"

static lua_State *L;
static struct hooks engine;
static struct verdict v;
static bool lists;

static int
protected(lua_State *l)
{
	struct hook_call call = {.h = &engine, .v = &v};

	if (lists)
		hook_fields_read_lists(l, &call, 1);
	else
		hook_fields_read(l, &call, 1);
	return 0;
}

/* The fields of "return CODE" as text, or the error. */
static const char *
read_as_text(const char *code)
{
	static struct buf out;
	char chunk[4096];

	v = (struct verdict){0};
	buf_reset(&out);
	snprintf(chunk, sizeof chunk, "return %s", code);
	lua_pushcfunction(L, protected);
	if (luaL_dostring(L, chunk) != LUA_OK ||
	    lua_pcall(L, 1, 0, 0) != LUA_OK) {
		buf_printf(&out, "error: %s", lua_tostring(L, -1));
		lua_settop(L, 0);
		return buf_cstr(&out);
	}
	/* What was read is no longer Lua's. */
	lua_settop(L, 0);
	lua_gc(L, LUA_GCCOLLECT);
	for (size_t i = 0; i < v.nfields; i++) {
		const struct hook_field *f = &v.fields[i];

		if (i > 0)
			buf_puts(&out, " ");
		buf_printf(&out, "%.*s=%c", SPAN_ARG(f->name),
		    "snbl"[f->type]);
		if (f->type == FIELD_LIST)
			buf_printf(&out, "%zu:", f->items);
		for (size_t k = 0; k < f->text.n; k++)
			buf_putc(&out, f->text.p[k] == '\n' ? '|' :
			    f->text.p[k]);
	}
	return buf_cstr(&out);
}

static void
tables(void)
{
	is_str(read_as_text("{}"), "", "an empty table");
	ok(v.table && v.nfields == 0, "... is one");
	is_str(read_as_text("{b='x', a=1, c=true, d=false}"),
	    "a=n1 b=sx c=b1 d=b0", "each type, in the order of names");
	is_str(read_as_text("{a=1.5, b=-3, c=1e3, d=math.maxinteger}"),
	    "a=n1.5 b=n-3 c=n1000.0 d=n9223372036854775807", "numbers");
	is_str(read_as_text("{l={'x','y',''}, e={}}"), "e=l0: l=l3:x|y|",
	    "lists");
	is_str(read_as_text("{a='x\\ny\\tz'}"), "a=sx|y\tz",
	    "a string of lines");
	is_str(read_as_text("setmetatable({a=1}, {__index=function() "
	    "error('ran') end, __pairs=function() error('ran') end, "
	    "__len=function() return 7 end})"), "a=n1",
	    "a metatable is not looked at");
	is_str(read_as_text("(function() local t = {} for i = 1, 256 do "
	    "t['k' .. i] = i end return #t == 0 and t end)()") != NULL &&
	    v.nfields == 256 ? "256" : "no", "256", "256 fields");
	is_str(read_as_text("{a=('x'):rep(65535)}") != NULL && v.nfields == 1 ?
	    "ok" : "no", "ok", "64 KiB");
	is_int((long long)v.fields[0].text.n, 65535, "... all of it");
}

static void
wrong_tables(void)
{
	static const struct {
		const char *code, *text;
	} cases[] = {
	    {"{'x'}", "error: the table has a key that is a number"},
	    {"{[true]=1}", "error: the table has a key that is a boolean"},
	    {"{a=function() end}", "error: a is a function"},
	    {"{a=io.stdout}", "error: a is a userdata"},
	    {"{a=coroutine.create(print)}", "error: a is a thread"},
	    {"{a={b=1,[1]=2}}", "error: "},
	    {"{a={b={c=1}}}", "error: b is a table in a table in a table"},
	    {"{a={'x', b=1}}", "error: a is no array of strings"},
	    {"{a={[2]='x', [1]=nil, [3]='y', z='q'}}", "error: "},
	    {"{a={1}}", "error: item 1 of a is a number"},
	    {"{a={'x', {}}}", "error: item 2 of a is a table"},
	    {"{a={'x\\ny'}}", "error: a holds a control character"},
	    {"{a='x\\0y'}", "error: a holds a control character"},
	    {"{a='x\\r\\ny'}", "error: a holds a control character"},
	    {"{['a\\n']=1}", "error: a name holds a control character"},
	    {"{a=0/0}", "error: a is no finite number"},
	    {"{a=math.huge}", "error: a is no finite number"},
	    {"{['']=1}", "error: the table is too big"},
	    {"{[('x'):rep(129)]=1}", "error: the table is too big"},
	    {"{a=('x'):rep(65536)}", "error: the table is too big"},
	    {"{a=('x'):rep(40000), b=('x'):rep(40000)}",
	     "error: the table is too big"},
	    {"(function() local t = {} for i = 1, 257 do t['k' .. i] = i "
	     "end return t end)()", "error: the table is too big"},
	    {"(function() local t = {} for i = 1, 70000 do t[i] = '' end "
	     "return {a=t} end)()", "error: the table is too big"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *got = read_as_text(cases[i].code);

		if (!ok(strncmp(got, cases[i].text, strlen(cases[i].text)) ==
			    0, cases[i].code))
			diag("%s", got);
		ok(!v.table, "... and no table");
	}
}

static void
arrays_of_arrays(void)
{
	lists = true;
	is_str(read_as_text("{}"), "", "no lists");
	ok(v.table, "... are an answer");
	is_str(read_as_text("{{'a','b'},{},{'c'}}"), "=l2:a|b =l0: =l1:c",
	    "three lists, in their order");
	is_str(read_as_text("{'a'}"), "error: item 1 is a string",
	    "a string is no list");
	is_str(read_as_text("{x={'a'}}"),
	    "error: what it returned is no array", "a name has no place");
	is_str(read_as_text("{{'a'},{'b', 1}}"),
	    "error: item 2 of list 2 is a number", "a number is no string");
	is_str(read_as_text("{{'a'},{x='b'}}"),
	    "error: list 2 is no array of strings", "a list is an array");
	is_str(read_as_text("{{'a\\nb'}}"),
	    "error: list 1 holds a control character", "no control");
	lists = false;
}

int
main(void)
{
	L = luaL_newstate();
	luaL_openlibs(L);
	tables();
	wrong_tables();
	arrays_of_arrays();
	is_str(read_as_text("{a=1}"), "a=n1", "after all that");
	lua_close(L);
	return done_testing();
}
