/*
 * reply: whatever a script or a verb says, exactly one well-formed reply goes
 * over the wire, and what was sent parses to itself. First octet: what the
 * rest is used for.
 */
#include "reply.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(c)                                                              \
	do {                                                                  \
		if (!(c))                                                     \
			__builtin_trap();                                     \
	} while (0)

/* One reply: lines "ddd-" but the last, which is "ddd ", of one code. */
static void
check_wire(struct span s, int *code)
{
	struct span line;
	bool last = false;

	CHECK(s.n > 0);
	*code = 0;
	while (s.n > 0) {
		size_t n = span_chr(s, '\n');
		int c;

		CHECK(!last && n < s.n && n >= 5 && s.p[n - 1] == '\r');
		line = span_head(s, n - 1);
		s = span_skip(s, n + 1);
		CHECK(line.n <= REPLY_LINE_MAX);
		for (size_t i = 0; i < line.n; i++)
			CHECK((unsigned char)line.p[i] >= 0x20 ||
			    line.p[i] == '\t');
		CHECK(span_chr(line, 0x7f) == line.n);
		CHECK(ascii_isdigit(line.p[0]) && ascii_isdigit(line.p[1]) &&
		    ascii_isdigit(line.p[2]));
		c = (line.p[0] - '0') * 100 + (line.p[1] - '0') * 10 +
		    line.p[2] - '0';
		CHECK(c >= 200 && c <= 599 && (*code == 0 || c == *code));
		*code = c;
		CHECK(line.p[3] == ' ' || line.p[3] == '-');
		last = line.p[3] == ' ';
	}
	CHECK(last);
}

/* What a script said. */
static void
parsed(struct span s)
{
	static struct buf store, wire, again;
	struct reply r, r2;
	int code;

	if (reply_parse(s, &store, &r) != NULL)
		return;
	CHECK(s.n <= REPLY_MAX && r.enhanced == NULL && !r.drop);
	buf_reset(&wire);
	reply_format(r, &wire);
	check_wire(buf_span(&wire), &code);
	CHECK(code == r.code);
	/* A separator may have been missing, so it may have grown. */
	if (wire.n > REPLY_MAX)
		return;
	CHECK(reply_parse(buf_span(&wire), &again, &r2) == NULL);
	CHECK(r2.code == r.code && span_eq(r2.text, r.text));
}

/* What a verb said: code and enhanced code come from the input too. */
static void
formatted(const uint8_t *data, size_t size)
{
	static struct buf wire;
	struct reply r = {0};
	char enhanced[12] = "";
	int code;

	if (size < 2 + sizeof enhanced)
		return;
	r.code = data[0] << 8 | data[1];
	memcpy(enhanced, data + 2, sizeof enhanced - 1);
	if (data[2] != 0)
		r.enhanced = enhanced;
	r.text = span_make((const char *)data + 14, size - 14);
	buf_reset(&wire);
	reply_format(r, &wire);
	check_wire(buf_span(&wire), &code);
	CHECK(code == (r.code >= 200 && r.code <= 599 ? r.code : 451));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] & 1)
		formatted(data + 1, size - 1);
	else
		parsed(span_make((const char *)data + 1, size - 1));
	return 0;
}
