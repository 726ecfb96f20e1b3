/* mod_text: what policies do with text and Lua's patterns do not. */
#include "mod.h"

static void
lower(struct span s, struct buf *out)
{
	char *to = buf_reserve(out, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		to[i] = ascii_lower(s.p[i]);
	out->n += s.n;
}

/* text.find(text, what [, caseless [, init]]) -> first, last | nil: where
 * what stands in the text, octet for octet, at or after octet init. It is no
 * pattern. With caseless, ASCII letters match in both cases. */
static int
find(lua_State *L)
{
	struct span text = mod_check_span(L, 1), what = mod_check_span(L, 2);
	bool caseless = mod_check_flag(L, 3);
	lua_Integer init = luaL_optinteger(L, 4, 1), at;
	const char *found = NULL;

	luaL_argcheck(L, init >= 1, 4, "not positive");
	if ((lua_Unsigned)init - 1 <= text.n) {
		struct span rest = span_skip(text, (size_t)init - 1);

		if (caseless) {
			struct buf *b = mod_scratch();

			lower(rest, b);
			lower(what, b);
			rest = span_head(buf_span(b), rest.n);
			what.p = b->p + rest.n;
		}
		/* memmem(3) is linear, whatever a client sends. */
		found = memmem(rest.p, rest.n, what.p, what.n);
		if (found != NULL) {
			at = init + (found - rest.p);
			lua_pushinteger(L, at);
			lua_pushinteger(L, at + (lua_Integer)what.n - 1);
			return 2;
		}
	}
	luaL_pushfail(L);
	return 1;
}

/* text.split(text [, delimiters [, empty]]) -> array: the pieces between
 * octets of delimiters, by default blanks and line ends. Without empty,
 * pieces of no octets are left out. */
static int
split(lua_State *L)
{
	struct span text = mod_check_span(L, 1), delimiters = SPAN(" \t\r\n");
	bool keep = mod_check_flag(L, 3), is_delimiter[256] = {false};
	lua_Integer n = 0;
	size_t from = 0;

	if (!lua_isnoneornil(L, 2))
		delimiters = mod_check_span(L, 2);
	luaL_argcheck(L, delimiters.n > 0, 2, "empty");
	for (size_t i = 0; i < delimiters.n; i++)
		is_delimiter[(unsigned char)delimiters.p[i]] = true;
	lua_newtable(L);
	for (size_t i = 0; i <= text.n; i++) {
		if (i < text.n && !is_delimiter[(unsigned char)text.p[i]])
			continue;
		if (i > from || keep) {
			lua_pushlstring(L, text.p + from, i - from);
			lua_rawseti(L, -2, ++n);
			hook_limit_check(L);
		}
		from = i + 1;
	}
	return 1;
}

/* Cuts a run of digits off; what is left without zeros in front. */
static struct span
cut_number(struct span *s, size_t *zeros)
{
	struct span number;
	size_t n = 0;

	while (n < s->n && ascii_isdigit(s->p[n]))
		n++;
	number = span_head(*s, n);
	*s = span_skip(*s, n);
	for (*zeros = 0; number.n > 1 && number.p[0] == '0'; ++*zeros)
		number = span_skip(number, 1);
	return number;
}

static int
order(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

/* Both begin with a number, which is cut off. */
static int
compare_numbers(struct span *a, struct span *b, int *tie)
{
	size_t azeros, bzeros;
	struct span m = cut_number(a, &azeros), n = cut_number(b, &bzeros);

	if (*tie == 0)
		*tie = order(azeros, bzeros);
	if (m.n != n.n)
		return order(m.n, n.n);
	return memcmp(m.p, n.p, m.n);
}

static int
compare(struct span a, struct span b, bool caseless)
{
	int tie = 0, diff = 0;

	while (a.n > 0 && b.n > 0 && diff == 0) {
		char x = *a.p, y = *b.p;

		if (ascii_isdigit(x) && ascii_isdigit(y)) {
			diff = compare_numbers(&a, &b, &tie);
			continue;
		}
		if (caseless) {
			x = ascii_lower(x);
			y = ascii_lower(y);
		}
		diff = (unsigned char)x - (unsigned char)y;
		a = span_skip(a, 1);
		b = span_skip(b, 1);
	}
	if (diff == 0)
		diff = order(a.n, b.n);
	return diff != 0 ? diff : tie;
}

/* text.natcmp(a, b [, caseless]) -> -1 | 0 | 1: the order in which people
 * sort: numbers inside of the text count by their value, so that "mx9" comes
 * before "mx10". Of two that differ only in zeros before a number the one
 * with fewer comes first. */
static int
natcmp(lua_State *L)
{
	struct span a = mod_check_span(L, 1), b = mod_check_span(L, 2);
	bool caseless = mod_check_flag(L, 3);
	int diff = compare(a, b, caseless);

	lua_pushinteger(L, (diff > 0) - (diff < 0));
	return 1;
}

int
mod_text_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
	    {"find", find},
	    {"split", split},
	    {"natcmp", natcmp},
	    {NULL, NULL},
	};

	luaL_newlib(L, functions);
	return 1;
}
