/*
 * dsn: what is decoded can stand in a header field, however the value was
 * written, and what is passed on is taken again with the same meaning. First
 * octet: may UTF-8 stand there.
 */
#include "dsn.h"
#include "utf8.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(c)                                                              \
	do {                                                                  \
		if (!(c))                                                     \
			__builtin_trap();                                     \
	} while (0)

static void
check_field(struct span s)
{
	CHECK(utf8_valid(s));
	for (size_t i = 0; i < s.n; i++)
		CHECK(((unsigned char)s.p[i] >= 0x20 || s.p[i] == '\t') &&
		    s.p[i] != 0x7f);
}

/* As a next host gets it, with and without UTF-8. */
static void
check_passed_on(const struct dsn_rcpt *r, bool utf8, struct arena *a)
{
	struct dsn_rcpt again;
	struct buf b = {0};

	dsn_put_rcpt(r, utf8, &b);
	check_field(buf_span(&b));
	CHECK(utf8 || !utf8_needed(buf_span(&b)));
	dsn_rcpt_params(buf_span(&b), a, &again);
	CHECK(again.notify == r->notify);
	/* Escapes may make it longer than may come in. */
	if (b.n < DSN_ORCPT_MAX)
		CHECK(span_eq(again.orcpt, r->orcpt));
	buf_reset(&b);
	dsn_put_original(r, utf8, &b);
	check_field(buf_span(&b));
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena arena;
	struct span s, type, out;
	struct dsn_mail m;
	struct dsn_rcpt r;
	bool utf8;

	if (size == 0)
		return 0;
	utf8 = data[0] & 1;
	s = span_make((const char *)data + 1, size - 1);
	if (dsn_parse_envid(s, &arena, &out) == NULL) {
		struct buf b = {0};

		check_field(out);
		CHECK(!utf8_needed(out));
		dsn_put_xtext(out, &b);
		CHECK(b.n > DSN_ENVID_MAX ||
		    dsn_parse_envid(buf_span(&b), &arena, &type) == NULL);
		buf_free(&b);
	}
	if (dsn_parse_orcpt(s, utf8, &arena, &type, &out) == NULL) {
		check_field(out);
		CHECK(type.n > 0 && type.p == s.p);
	}
	dsn_mail_params(s, &arena, &m);
	dsn_rcpt_params(s, &arena, &r);
	check_field(m.envid);
	check_field(r.orcpt);
	check_passed_on(&r, true, &arena);
	check_passed_on(&r, false, &arena);
	arena_reset(&arena);
	return 0;
}
