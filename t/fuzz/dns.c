/*
 * dns: an answer that is taken lies wholly in its packet, its names are text
 * of bounded length that nothing can leave, and looking for a record ends.
 */
#include "dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(c)                                                              \
	do {                                                                  \
		if (!(c))                                                     \
			__builtin_trap();                                     \
	} while (0)

static void
check_name(struct span s)
{
	CHECK(s.n > 0 && s.n <= 4 * 255 && s.p[s.n - 1] == '.');
	for (size_t i = 0; i < s.n; i++) {
		CHECK(s.p[i] > ' ' && s.p[i] < 0x7f);
		CHECK(s.p[i] == ascii_lower(s.p[i]));
	}
}

static void
check_section(const struct dns_section *section, struct span packet)
{
	CHECK(section->n <= packet.n / 11);
	for (size_t i = 0; i < section->n; i++) {
		const struct dns_rr *rr = &section->v[i];

		check_name(rr->name);
		CHECK(rr->type != DNS_OPT);
		CHECK(rr->data.p >= packet.p &&
		    rr->data.p + rr->data.n <= packet.p + packet.n);
		CHECK(rr->text.n <= rr->data.n);
		if (rr->host.p != NULL)
			check_name(rr->host);
		if (rr->rname.p != NULL)
			check_name(rr->rname);
		CHECK(rr->ip.family == 0 || rr->type == DNS_A ||
		    rr->type == DNS_AAAA);
	}
}

static void
check_find(const struct dns_answer *a, struct span name)
{
	const struct dns_rr *rr;
	size_t i = 0, n = 0;

	while ((rr = dns_find(a, name, DNS_A, &i)) != NULL) {
		CHECK(rr->type == DNS_A);
		n++;
	}
	CHECK(n <= a->answer.n && i == a->answer.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena arena;
	struct span packet = span_make((const char *)data, size);
	struct dns_answer a, again;

	if (dns_parse(packet, &arena, &a) == 0) {
		CHECK(a.rcode >= 0 && a.rcode < DNS_ERRNO && a.error == 0);
		check_section(&a.answer, packet);
		check_section(&a.authority, packet);
		check_section(&a.extra, packet);
		if (a.asked) {
			check_name(a.name);
			check_find(&a, a.name);
		}
		CHECK(dns_parse(packet, &arena, &again) == 0);
		CHECK(again.answer.n == a.answer.n && again.rcode == a.rcode);
	}
	/* What a name may become is bounded, and so is the whole. */
	CHECK(arena.used <= 2 * (size / 11 + 1) * (sizeof(struct dns_rr) +
						      2 * 1024 + 256) +
		2 * size + 8192);
	arena_reset(&arena);
	return 0;
}
