/* dotenv: what a line of an environment file sets. */
#include "tap.h"
#include "dotenv.h"

static struct arena arena;

static void
sets(const char *text, const char *name, const char *value)
{
	struct span s = span_of(text);
	struct dotenv_line line;
	size_t number = 0;
	const char *why;

	is_int(dotenv_next(&s, &number, &arena, &line, &why), 1, text);
	is_span(line.name, span_of(name), "  name");
	is_span(line.value, span_of(value), "  value");
	is_int(dotenv_next(&s, &number, &arena, &line, &why), 0, "  alone");
}

static void
is_wrong(const char *text, size_t at)
{
	struct span s = span_of(text);
	struct dotenv_line line;
	size_t number = 0;
	const char *why = NULL;
	int r;

	while ((r = dotenv_next(&s, &number, &arena, &line, &why)) == 1)
		;
	is_int(r, -1, text);
	is_size(number, at, "  its line");
	ok(why != NULL, "  a reason");
}

int
main(void)
{
	sets("A=b", "A", "b");
	sets("\n# x\n  export  A_1 = b c \r\n", "A_1", "b c");
	sets("A=", "A", "");
	sets("A=#x", "A", "#x");
	sets("A=x#y # z", "A", "x#y");
	sets("A='b \"$c\\n' # d", "A", "b \"$c\\n");
	sets("A=\"b 'c\\\"\\\\\\$\" ", "A", "b 'c\"\\$");
	sets("A=b=c", "A", "b=c");
	is_wrong("A", 1);
	is_wrong("A=1\n\n=2", 3);
	is_wrong("A B=2", 1);
	is_wrong("A='b", 1);
	is_wrong("A=\"b", 1);
	is_wrong("A=\"b\\", 1);
	is_wrong("A=\"b\" c", 1);
	is_wrong("A=$b", 1);
	arena_free(&arena);
	return done_testing();
}
