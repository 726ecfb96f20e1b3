/*
 * history: whatever stands in a line of a history is parsed or refused, and
 * so is a retry control; what was parsed is sane.
 */
#include "history.h"
#include "retry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(c)                                                              \
	do {                                                                  \
		if (!(c))                                                     \
			__builtin_trap();                                     \
	} while (0)

static void
check_retry(struct span s)
{
	struct retry r;
	int64_t last = 0;

	if (retry_parse(s, &r) == -1)
		return;
	for (unsigned i = 1; i < 50; i++) {
		int64_t ms = retry_interval(&r, i);

		CHECK(ms > 0 && ms >= last && ms <= r.longest);
		last = ms;
	}
	CHECK(retry_due(&r, SPAN("x"), 1, 0) > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_make((const char *)data, size);
	struct history_line h;
	struct arena a = {0};

	if (history_parse(s, &a, &h))
		CHECK(h.time >= 0 && h.word.n > 0 && h.code <= 999);
	if (history_last(s, SPAN("a@x.test"), &a, &h))
		CHECK(span_eq(h.word, SPAN("attempt")));
	check_retry(s);
	arena_free(&a);
	return 0;
}
