/*
 * header: fields lie end to end, header_scan() sees the same header block as
 * header_next() however the octets are split, and what was unfolded is one
 * line. First octet: how the rest is split.
 */
#include "header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(c)                                                              \
	do {                                                                  \
		if (!(c))                                                     \
			__builtin_trap();                                     \
	} while (0)

static bool
same(const struct header_scan *a, const struct header_scan *b)
{
	return a->done == b->done && a->received == b->received &&
	    a->block == b->block && a->field == b->field &&
	    a->longest == b->longest;
}

static void
check_field(const struct header_field *f, struct arena *arena)
{
	struct span one = header_unfold(f->value, arena);

	CHECK(f->name.n > 0 && f->name.p == f->whole.p);
	CHECK(span_chr(f->name, ':') == f->name.n);
	CHECK(f->value.p > f->name.p + f->name.n - 1);
	CHECK(f->value.p[-1] == ':');
	CHECK(f->value.p + f->value.n <= f->whole.p + f->whole.n);
	CHECK(one.n <= f->value.n);
	CHECK(span_chr(one, '\r') == one.n && span_chr(one, '\n') == one.n);
	CHECK(span_trim(one).n == one.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena arena;
	struct header_scan whole = {0}, parts = {0};
	struct span s, rest, left;
	struct header_field f;
	const char *end;
	unsigned received = 0, step;
	size_t longest = 0;

	if (size == 0)
		return 0;
	s = rest = left = span_make((const char *)data + 1, size - 1);
	end = s.p;
	while (header_next(&rest, &f)) {
		CHECK(f.whole.p == end && f.whole.n > 0);
		end += f.whole.n;
		CHECK(rest.p == end && rest.n == s.n - (size_t)(end - s.p));
		check_field(&f, &arena);
		received += span_ieq(f.name, SPAN("received"));
		if (f.whole.n > longest)
			longest = f.whole.n;
	}
	CHECK(header_length(s) == (size_t)(end - s.p));

	header_scan(&whole, s);
	CHECK(whole.block == header_length(s));
	CHECK(whole.received == received);
	CHECK(whole.longest == longest);
	for (step = data[0]; left.n > 0; step = step * 5 + 1) {
		header_scan(&parts, span_head(left, step % 7));
		left = span_skip(left, step % 7);
	}
	CHECK(same(&whole, &parts));
	arena_reset(&arena);
	return 0;
}
