/* domain_config: what a domain may do, as text and as a question. */
#include "domain_config.h"
#include "tap.h"

static bool
sends(const char *config, const char *address)
{
	struct domain_config c = {0};
	struct span bad;
	struct ip ip = {0};

	if (domain_config_parse(span_of(config), &c, &bad) != NULL)
		return false;
	if (*address != '\0' && ip_parse(span_of(address), &ip) == -1)
		return false;
	return domain_config_sends(&c, &ip);
}

int
main(void)
{
	static const char *const wrong[] = {"relay_to", "relay_to=",
	    "relay_to=maybe", "relay_form=192.0.2.1", "relay_from=a.example",
	    "relay_from=192.0.2.0/33", "relay_from=192.0.2.1,x", "x",
	    "Relay_to=1", "relay_to=1 y=2"};
	struct domain_config c = {0};
	struct span bad;

	ok(domain_config_parse(SPAN("relay_to=1\trelay_from=192.0.2.0/24 "),
	    &c, &bad) == NULL && c.relay_to, "both");
	ok(domain_config_parse(SPAN("relay_to=no"), &c, &bad) == NULL &&
	    !c.relay_to, "no");
	ok(domain_config_parse(SPAN(""), &c, &bad) == NULL, "nothing");
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		ok(domain_config_parse(span_of(wrong[i]), &c, &bad) != NULL,
		    wrong[i]);
	is_span(bad, SPAN("y=2"), "the word to blame");
	ok(sends("relay_from=192.0.2.0/24,2001:db8::/32", "192.0.2.7"),
	    "in the first");
	ok(sends("relay_from=192.0.2.0/24,2001:db8::/32", "2001:db8::1"),
	    "in the second");
	ok(sends("relay_from=,192.0.2.0/24,", "192.0.2.255"), "empty items");
	ok(sends("relay_from=192.0.2.0/24", "::ffff:192.0.2.1"), "mapped");
	ok(!sends("relay_from=192.0.2.0/24", "192.0.3.1"), "in none");
	ok(!sends("relay_from=0.0.0.0/0", ""), "an unknown client");
	ok(!sends("relay_from=", "192.0.2.1"), "an empty list");
	ok(!sends("relay_to=1", "192.0.2.1"), "no list");
	return done_testing();
}
