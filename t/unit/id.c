/* Ids: fit for a file name, sorted by time, never the same. */
#include "clock.h"
#include "id.h"
#include "tap.h"

#define MANY 20000

static const struct {
	struct span id;
	bool valid;
} ids[] = {
    {SPAN_LIT("01jd3q8g5v0123456789abcdef"), true},
    {SPAN_LIT("01jd3q8g5v0123456789abcdef-1"), true},
    {SPAN_LIT("01jd3q8g5v0123456789abcdef-999999"), true},
    {SPAN_LIT("01jd3q8g5v0123456789abcdef-1000000"), false},
    {SPAN_LIT("01jd3q8g5v0123456789abcdef-0"), false},
    {SPAN_LIT("01jd3q8g5v0123456789abcdef-01"), false},
    {SPAN_LIT("01jd3q8g5v0123456789abcdef-"), false},
    {SPAN_LIT("01jd3q8g5v0123456789abcdef-x"), false},
    {SPAN_LIT("01jd3q8g5v0123456789abcdef-1-1"), false},
    {SPAN_LIT("01jd3q8g5v0123456789abcdef1"), false},
    {SPAN_LIT("01jd3q8g5v0123456789abcde"), false},
    {SPAN_LIT("01JD3q8g5v0123456789abcdef"), false},
    {SPAN_LIT("01jd3q8g5v0123456789abcde/"), false},
    {SPAN_LIT("01jd3q8g5v0123456789abcde."), false},
    {SPAN_LIT("01jd3q8g5v0123456789abcde\0"), false},
    {SPAN_LIT("01jd3q8g5v0123456789abcdef-1\0"), false},
    {SPAN_LIT("../../../../../../../../../"), false},
    {SPAN_LIT(""), false},
    {SPAN_LIT("."), false},
};

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void
test_derive(void)
{
	struct span from = SPAN("01k7s8r8p33dbvoqpl6m4nkg0v");
	char a[ID_SIZE], b[ID_SIZE];

	id_derive(from, SPAN("failed 1"), a);
	ok(id_valid(span_of(a)), "a derived id is an id");
	is_size(strlen(a), ID_LEN, "without a number behind it");
	is_int(id_time_ms(span_of(a)), id_time_ms(from), "of the same age");
	is_str(a, "01k7s8r8p3s1465j9dm7qhjppn", "and the same for ever");
	id_derive(from, SPAN("failed 1"), b);
	is_str(b, a, "the same again");
	id_derive(from, SPAN("failed 2"), b);
	ok(strcmp(a, b) != 0, "others for other words");
	id_derive(SPAN("01k7s8r8p33dbvoqpl6m4nkg0v-2"), SPAN("failed 1"), b);
	ok(strcmp(a, b) != 0, "and for another of the group");
	id_derive(SPAN("zzzzzzzzzzzzzzzzzzzzzzzzzz"), SPAN("x"), b);
	ok(id_valid(span_of(b)), "an id that we would not make");
}

int
main(void)
{
	test_derive();
	static char many[MANY][ID_SIZE];
	char name[80];
	int bad = 0, same = 0;

	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		snprintf(name, sizeof name, "%.*s", SPAN_ARG(ids[i].id));
		is_int(id_valid(ids[i].id), ids[i].valid, name);
	}
	for (size_t i = 0; i < MANY; i++) {
		id_make(many[i]);
		bad += strlen(many[i]) != ID_LEN ||
		    !id_valid(span_of(many[i]));
	}
	is_int(bad, 0, "what is made is valid");
	qsort(many, MANY, ID_SIZE, compare);
	for (size_t i = 1; i < MANY; i++)
		same += strcmp(many[i - 1], many[i]) == 0;
	is_int(same, 0, "no two are the same");

	clock_set_wall(1795167882);
	id_make(many[0]);
	is_int(id_time_ms(span_of(many[0])), 1795167882000, "its time");
	clock_set_wall(1795167883);
	id_make(many[1]);
	ok(strcmp(many[0], many[1]) < 0, "sorted by time");
	clock_set_wall(4294967296);
	id_make(many[1]);
	is_int(id_time_ms(span_of(many[1])), 4294967296000, "beyond 2106");
	ok(strcmp(many[0], many[1]) < 0, "... still sorted");
	clock_set_wall(0);
	id_make(many[1]);
	is_int(id_time_ms(span_of(many[1])), 0, "1970");
	return done_testing();
}
