/* spanmap, authres: two small pure rooms. */
#include "authres.h"
#include "buf.h"
#include "spanmap.h"
#include "tap.h"

static void
maps(void)
{
	struct arena a = {0};
	struct spanmap m;
	struct buf keys = {0};
	bool good = true;

	spanmap_init(&m, 5000, SPAN("secret"), &a);
	ok(spanmap_find(&m, SPAN("x")) == NULL, "empty");
	for (size_t i = 0; i < 5000; i++)
		buf_printf(&keys, "%08zu", i * 7919);
	for (size_t i = 0; i < 5000; i++)
		*spanmap_put(&m, span_make(keys.p + i * 8, 8)) = i + 1;
	for (size_t i = 0; i < 5000; i++) {
		size_t *v = spanmap_find(&m, span_make(keys.p + i * 8, 8));

		good &= v != NULL && *v == i + 1;
	}
	ok(good, "5000 keys have their numbers");
	ok(spanmap_find(&m, SPAN("x")) == NULL, "another has none");
	is_size(*spanmap_put(&m, span_make(keys.p, 8)), 1, "put again");
	is_size(*spanmap_put(&m, span_of("")), 0, "an empty key");
	*spanmap_put(&m, span_of("")) = 3;
	is_size(*spanmap_find(&m, span_make(NULL, 0)), 3, "... is one");
	buf_free(&keys);
	arena_free(&a);
}

static void
results(void)
{
	static const struct {
		const char *value;
		bool ours;
	} cases[] = {
	    {" mx.example; spf=pass", true}, {"MX.Example;", true},
	    {" mx.example", true}, {"mx.example 1; none", true},
	    {"\r\n\tmx.example\r\n\t; spf=pass", true},
	    {" (a (nested) \\) comment) mx.example; none", true},
	    {"mx.example(comment); none", true},
	    {" \"mx.example\"; none", true}, {"\"mx\\.example\"; x", true},
	    {"\"mx.\r\n example\"", false}, {"\"mx.\r\nexample\"", true},
	    {" other.example; spf=pass", false}, {"", false}, {" ", false},
	    {" mx.example.org; none", false}, {" mx.exampl; none", false},
	    {" (mx.example) other; none", false}, {"(", false},
	    {"\"", false}, {"\"mx.example.org\"", false}, {";mx.example", false},
	    {"\"mx.exampl\"", false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ok(authres_is_from(span_of(cases[i].value),
		       SPAN("mx.example")) == cases[i].ours, cases[i].value);
}

int
main(void)
{
	maps();
	results();
	return done_testing();
}
