/* secure: see secure.h. */
#include "secure.h"

int
secure_parse(struct span word, enum secure *out)
{
	static const struct span words[] = {
	    [SECURE_NONE] = SPAN_LIT("none"),
	    [SECURE_MAY] = SPAN_LIT("may"),
	    [SECURE_REQUIRE] = SPAN_LIT("require"),
	    [SECURE_VERIFY] = SPAN_LIT("verify"),
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (span_ieq(word, words[i])) {
			*out = (enum secure)i;
			return 0;
		}
	return -1;
}
