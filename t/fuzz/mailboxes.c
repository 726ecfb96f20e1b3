/*
 * mailboxes: each address that is found is one, in its one form, and its text
 * alone is found again as the same; a list always ends.
 */
#include "mailboxes.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(c)                                                              \
	do {                                                                  \
		if (!(c))                                                     \
			__builtin_trap();                                     \
	} while (0)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mailboxes m = {{(const char *)data, size}, false}, one;
	struct address addr, again;
	struct arena a = {0};
	size_t n = 0;
	int r;

	while ((r = mailboxes_next(&m, &a, &addr)) == 1) {
		CHECK(++n <= size);
		CHECK(addr.local.n > 0 && addr.domain.n > 0);
		one = (struct mailboxes){addr.text, false};
		CHECK(mailboxes_next(&one, &a, &again) == 1);
		CHECK(span_eq(again.text, addr.text));
		CHECK(mailboxes_next(&one, &a, &again) == 0);
	}
	if (r == 0)
		CHECK(m.rest.n == 0 && !m.group);
	arena_free(&a);
	return 0;
}
