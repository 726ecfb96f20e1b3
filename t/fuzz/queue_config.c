/*
 * queue_config: what was read and is written reads back the same; a queue's
 * name is made again from its parts; times, domains and who claims results
 * end without a fault, whatever is said.
 */
#include "authres.h"
#include "domain_config.h"
#include "duration.h"
#include "queue_config.h"
#include "queue_name.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(c)                                                              \
	do {                                                                  \
		if (!(c))                                                     \
			__builtin_trap();                                     \
	} while (0)

static struct buf one, two;
static struct arena arena;

static void
configs(struct span s)
{
	struct queue_config c = {0}, again = {0};
	struct span bad;

	if (queue_config_parse(s, &arena, &c, &bad) != NULL)
		return;
	buf_reset(&one);
	queue_config_format(&c, &one);
	CHECK(queue_config_parse(buf_span(&one), &arena, &again, &bad) ==
	    NULL);
	buf_reset(&two);
	queue_config_format(&again, &two);
	CHECK(span_eq(buf_span(&one), buf_span(&two)));
	CHECK(c.max_age == again.max_age && c.rate == again.rate &&
	    c.max_attempts == again.max_attempts &&
	    span_eq(c.route, again.route));
}

static void
names(struct span s)
{
	struct queue_parts p, again;

	queue_name_split(s, &p);
	buf_reset(&one);
	queue_name_format(&p, &one);
	/* A mark without a part behind it is left out; then nothing is. */
	queue_name_split(buf_span(&one), &again);
	CHECK(span_eq(p.campaign, again.campaign) &&
	    span_eq(p.tenant, again.tenant) &&
	    span_eq(p.domain, again.domain) &&
	    span_eq(p.routing_domain, again.routing_domain));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_make((const char *)data, size), bad;
	struct domain_config d = {0};
	struct ip ip = {.family = AF_INET};
	int64_t ms;

	arena_reset(&arena);
	configs(s);
	names(s);
	if (duration_parse(s, &ms) == 0)
		CHECK(ms >= 0);
	if (domain_config_parse(s, &d, &bad) == NULL)
		domain_config_sends(&d, &ip);
	authres_is_from(s, SPAN("mx.example"));
	return 0;
}
