/* near: how far two names are apart. */
#include "near.h"
#include "tap.h"

static void
apart(const char *a, const char *b, size_t want)
{
	char name[100];

	snprintf(name, sizeof name, "%s, %s", a, b);
	is_int((int64_t)near_distance(span_of(a), span_of(b)), (int64_t)want,
	    name);
	is_int((int64_t)near_distance(span_of(b), span_of(a)), (int64_t)want,
	    "and back");
}

int
main(void)
{
	char longest[NEAR_MAX + 1], other[NEAR_MAX + 1];

	apart("", "", 0);
	apart("", "rcpt", 4);
	apart("rcpt", "rcpt", 0);
	apart("RcPt", "rcpT", 0);
	apart("recpt", "rcpt", 1);
	apart("rct", "rcpt", 1);
	apart("rcpd", "rcpt", 1);
	apart("rctp", "rcpt", 1);
	apart("elho", "ehlo", 1);
	apart("elho", "helo", 2);
	apart("abcd", "badc", 2);
	apart("mail", "data", 3);
	apart("ca", "abc", 3);
	memset(longest, 'a', NEAR_MAX);
	memset(other, 'b', NEAR_MAX);
	longest[NEAR_MAX] = other[NEAR_MAX] = '\0';
	apart(longest, other, NEAR_MAX);
	apart(longest, "", NEAR_MAX);
	return done_testing();
}
