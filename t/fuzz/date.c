/*
 * date: what is read is within the years 0 to 9999 and a day, is written as
 * the same time, and does not depend on blanks around it.
 */
#include "buf.h"
#include "clock.h"
#include "date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(c)                                                              \
	do {                                                                  \
		if (!(c))                                                     \
			__builtin_trap();                                     \
	} while (0)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_make((const char *)data, size);
	struct buf padded = {0};
	char text[CLOCK_RFC5322];
	int64_t at = -1, again = -1;
	int result = date_parse(s, &at);

	CHECK(result == 0 || (result == -1 && at == -1));
	buf_puts(&padded, " \t");
	buf_put(&padded, s);
	buf_putc(&padded, ' ');
	CHECK(date_parse(buf_span(&padded), &again) == result);
	CHECK(again == at);
	buf_free(&padded);
	if (result == -1)
		return 0;
	CHECK(at >= -62167219200 - 86400 && at < 253402300800 + 86400);
	/* Years of fewer than four digits are read as others. */
	if (at >= -30610224000 && at < 253402300800) {
		clock_format_rfc5322(at, text);
		CHECK(date_parse(span_of(text), &again) == 0 && again == at);
	}
	return 0;
}
