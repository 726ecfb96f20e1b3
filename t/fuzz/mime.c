/* mime: whatever the octets are, the parts lie in the message and in their
 * parents, their number is bounded, and a content is as long as was said. */
#include "mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(c)                                                              \
	do {                                                                  \
		if (!(c))                                                     \
			__builtin_trap();                                     \
	} while (0)

static bool
inside(struct span s, struct span outer)
{
	return s.p >= outer.p && s.p + s.n <= outer.p + outer.n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena arena;
	static struct buf out;
	struct span message = span_make((const char *)data, size);
	struct mime m;

	mime_parse(message, &arena, &m);
	CHECK(m.n >= 1 && m.n <= MIME_PARTS_MAX);
	for (size_t i = 0; i < m.n; i++) {
		const struct mime_part *p = &m.v[i];

		CHECK(inside(p->header, message) && inside(p->body, message));
		CHECK(p->depth <= MIME_DEPTH_MAX && p->parent <= i);
		CHECK(i == 0 ? p->parent == 0 : p->parent > 0);
		if (p->parent > 0) {
			CHECK(inside(p->body, m.v[p->parent - 1].body));
			CHECK(m.v[p->parent - 1].depth + 1 == p->depth);
			CHECK(m.v[p->parent - 1].multipart);
		}
		buf_reset(&out);
		mime_content(p, &out);
		CHECK(out.n == mime_size(p) && out.n <= 2 * p->body.n);
		CHECK(p->type.n > 0);
	}
	mime_words(span_head(message, 4096), &arena);
	/* A few fields do not take megabytes. */
	CHECK(arena.used < size * 64 + (1u << 20));
	arena_reset(&arena);
	return 0;
}
