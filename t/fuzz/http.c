/*
 * http: an answer is the same however its octets are split, and never larger
 * than its limits. First octet: HTTP or spamd, HEAD or not, and the pieces.
 */
#include "http.h"
#include <stdint.h>

#define MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(c)                                                              \
	do {                                                                  \
		if (!(c))                                                     \
			__builtin_trap();                                     \
	} while (0)

static int
push(struct http *h, struct span s, int how, size_t step)
{
	int r = 0;

	http_init(h, how & 1, MAX);
	if (how & 2)
		http_expect_none(h);
	while (s.n > 0 && r == 0) {
		r = http_push(h, span_head(s, step));
		s = span_skip(s, step);
	}
	return r == 0 ? http_end(h) : r;
}

static void
check(const struct http *h, int r)
{
	struct span rest = buf_span(&h->fields), line;

	CHECK(r == 1 || r == -1);
	CHECK((r == -1) == (h->error != NULL));
	CHECK(h->body.n <= MAX && h->fields.n <= HTTP_HEAD + 2 * HTTP_FIELDS);
	while (span_cut(&rest, '\n', &line) && line.n > 0) {
		size_t n = span_chr(line, ':');

		CHECK(n < line.n && http_token_valid(span_head(line, n)));
		CHECK(http_value_valid(line));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http whole, split;
	struct span s = span_make((const char *)data + 1, size - 1);
	int a, b;

	if (size == 0)
		return 0;
	a = push(&whole, s, data[0], s.n + 1);
	b = push(&split, s, data[0], 1 + (data[0] >> 2));
	check(&whole, a);
	check(&split, b);
	CHECK(a == b);
	if (a == -1)
		return 0;
	CHECK(whole.status == split.status);
	CHECK(span_eq(buf_span(&whole.reason), buf_span(&split.reason)));
	CHECK(span_eq(buf_span(&whole.fields), buf_span(&split.fields)));
	CHECK(span_eq(buf_span(&whole.body), buf_span(&split.body)));
	return 0;
}
