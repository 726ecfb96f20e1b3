/*
 * address: whatever a client sends, an address that is taken has one
 * spelling, holds nothing that could leave its line or its quotes, keeps the
 * limits, and is not read past its end. First octet: flags.
 */
#include "address.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(c)                                                              \
	do {                                                                  \
		if (!(c))                                                     \
			__builtin_trap();                                     \
	} while (0)

static void
check_octets(struct span s)
{
	CHECK(utf8_valid(s));
	for (size_t i = 0; i < s.n; i++)
		CHECK((unsigned char)s.p[i] >= 0x20 && s.p[i] != 0x7f);
}

/* Outside quotes nothing has a meaning of its own. */
static void
check_local(struct span s)
{
	bool quoted = s.n > 0 && s.p[0] == '"';

	CHECK(s.n > 0 && s.n <= ADDRESS_LOCAL_MAX);
	for (size_t i = 0; i < s.n && !quoted; i++)
		CHECK(strchr(" \"(),:;<>@[\\]", s.p[i]) == NULL);
	if (!quoted)
		return;
	CHECK(s.n >= 2 && s.p[s.n - 1] == '"');
	for (size_t i = 1; i < s.n - 1; i++) {
		CHECK(s.p[i] != '"');
		if (s.p[i] == '\\')
			CHECK(++i < s.n - 1 && strchr("\"\\", s.p[i]) != NULL);
	}
}

static void
check_domain(const struct address *a)
{
	struct span s = a->domain;

	for (size_t i = 0; i < s.n; i++)
		CHECK(s.p[i] == ascii_lower(s.p[i]));
	if (a->literal)
		CHECK(s.p[0] == '[' && span_chr(s, ']') == s.n - 1);
	else
		CHECK(address_domain_valid(s));
}

static void
check_again(const struct address *a, struct arena *arena)
{
	struct address b;
	char path[ADDRESS_MAX + 2];
	struct span rest;

	CHECK(address_parse(a->text, arena, &b) == NULL);
	CHECK(span_eq(a->text, b.text) && span_eq(a->local, b.local) &&
	    span_eq(a->domain, b.domain) && a->literal == b.literal &&
	    a->utf8 == b.utf8);
	CHECK(span_eq(address_local_plain(a, arena),
	    address_local_plain(&b, arena)));
	path[0] = '<';
	memcpy(path + 1, a->text.p, a->text.n);
	path[a->text.n + 1] = '>';
	CHECK(address_parse_path(span_make(path, a->text.n + 2), 0, arena,
		  &b, &rest) == NULL);
	CHECK(rest.n == 0 && span_eq(a->text, b.text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena arena;
	struct address a;
	struct span s, rest;

	if (size == 0)
		return 0;
	s = span_make((const char *)data + 1, size - 1);
	if (address_parse_path(s, data[0] & 3u, &arena, &a, &rest) == NULL) {
		CHECK(rest.p >= s.p && rest.p + rest.n == s.p + s.n);
		CHECK(rest.n == 0 || rest.p[0] == ' ');
		CHECK(a.text.n <= ADDRESS_MAX);
		CHECK(a.utf8 == utf8_needed(a.text));
		check_octets(a.text);
		if (a.domain.n > 0) {
			CHECK(a.text.n == a.local.n + 1 + a.domain.n);
			check_local(a.local);
			check_domain(&a);
			check_again(&a, &arena);
		} else if (a.text.n > 0) {
			CHECK(data[0] & ADDRESS_POSTMASTER_OK);
			CHECK(span_eq(a.text, SPAN("postmaster")));
		} else {
			CHECK(data[0] & ADDRESS_NULL_OK);
		}
	}
	if (address_parse(s, &arena, &a) == NULL)
		check_again(&a, &arena);
	arena_reset(&arena);
	return 0;
}
