/* A line of the access table: its key is written in one way that is read as
 * the same key, and all of a rule that was parsed comes out of it. */
#include "access_key.h"
#include "access_rule.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_key(struct span s)
{
	struct access_client c = {.name = SPAN("mail.example.org")};
	struct access_key k, again;
	struct buf one = {0}, two = {0};

	ip_parse(SPAN("192.0.2.7"), &c.ip);
	if (access_key_parse(s, &k) != NULL)
		return;
	access_key_format(&k, &one);
	if (access_key_parse(buf_span(&one), &again) != NULL)
		abort();
	access_key_format(&again, &two);
	if (!span_eq(buf_span(&one), buf_span(&two)) ||
	    access_key_rank(&k, &c) != access_key_rank(&again, &c))
		abort();
	buf_free(&one);
	buf_free(&two);
}

static void
try_rule(struct span s)
{
	struct buf store = {0};
	struct access_rule r;
	struct reply reply;
	struct span name, value;
	const char *end = s.p + s.n;

	if (access_rule_parse(s, &r) != NULL)
		return;
	while (access_rule_next(&r.settings, &name, &value))
		if (name.n == 0 || value.p + value.n > end)
			abort();
	if (r.settings.n != 0)
		abort();
	if (r.text.p != NULL)
		(void)access_rule_reply(r.text, &store, &reply);
	buf_free(&store);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = {(const char *)data, size}, key;

	span_cut(&s, '\n', &key);
	try_key(key);
	if (s.p != NULL)
		try_rule(s);
	return 0;
}
