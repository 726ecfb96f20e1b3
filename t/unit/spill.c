/* spill: an entry's id as a UUID of version 4. */
#include "tap.h"
#include "spill.h"

static void
name_is(const char *id, const char *want)
{
	char name[SPILL_NAME];

	spill_name(span_of(id), name);
	is_str(name, want, id);
}

int
main(void)
{
	name_is("00000000000000000000000000",
	    "00000000-0000-4000-8000-000000000000.json");
	name_is("01k7s8r8p3vvvvvvvvvvvvvvvv",
	    "01a1f88d-a323-4fff-bfff-ffffffffffff.json");
	name_is("01k7s8r8p300000000000000v0",
	    "01a1f88d-a323-4000-8000-0000000003e0.json");
	name_is("01k7s8r8p300000000000000v0-2",
	    "01a1f88d-a323-4000-8000-0000000003e2.json");
	name_is("01k7s8r8p3g00000000000000g",
	    "01a1f88d-a323-4000-8000-000000000010.json");
	return done_testing();
}
