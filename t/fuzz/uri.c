/*
 * uri: the parts lie in the text, in order and without what divides them, and
 * give the text when they are put together; what is encoded decodes to the
 * same.
 */
#include "uri.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(c)                                                              \
	do {                                                                  \
		if (!(c))                                                     \
			__builtin_trap();                                     \
	} while (0)

static struct buf text;

static void
put(const char *before, struct span part, const char *behind)
{
	if (part.p == NULL)
		return;
	buf_puts(&text, before);
	buf_put(&text, part);
	buf_puts(&text, behind);
}

/* RFC 3986 5.3 */
static void
compose(const struct uri *u)
{
	bool literal = u->host.p != NULL && span_chr(u->host, ':') < u->host.n;

	buf_reset(&text);
	put("", u->scheme, ":");
	if (u->host.p != NULL) {
		buf_puts(&text, "//");
		put("", u->user_info, "@");
		put(literal ? "[" : "", u->host, literal ? "]" : "");
		put(":", u->port, "");
	}
	put("", u->path, "");
	put("?", u->query, "");
	put("#", u->fragment, "");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_make((const char *)data, size);
	struct buf coded = {0};
	struct uri u;

	if (uri_parse(s, &u) == 0) {
		CHECK(u.scheme.n > 0 && u.path.p != NULL);
		CHECK(u.number <= 65535);
		CHECK(u.host.p == NULL || span_chr(u.host, '/') == u.host.n);
		compose(&u);
		CHECK(span_eq(buf_span(&text), s));
	}
	buf_reset(&text);
	uri_encode(s, &coded);
	CHECK(uri_decode(buf_span(&coded), &text) == 0);
	CHECK(span_eq(buf_span(&text), s));
	buf_reset(&text);
	if (uri_decode(s, &text) == -1)
		CHECK(text.n == 0);
	else
		CHECK(text.n <= s.n);
	buf_free(&coded);
	return 0;
}
