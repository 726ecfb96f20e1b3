/* domain_config: see domain_config.h. */
#include "domain_config.h"
#include "num.h"

/* The next network of a list; false at its end. */
static bool
next_net(struct span *rest, struct span *net)
{
	while (rest->n > 0) {
		size_t n = 0;

		while (n < rest->n && rest->p[n] != ',' && rest->p[n] != '\n')
			n++;
		*net = span_trim(span_head(*rest, n));
		*rest = span_skip(*rest, n + 1);
		if (net->n > 0)
			return true;
	}
	return false;
}

static const char *
check_nets(struct span list)
{
	struct ip_net parsed;
	struct span net;

	while (next_net(&list, &net))
		if (ip_net_parse(net, &parsed) == -1)
			return "is not a list of networks (192.0.2.0/24)";
	return NULL;
}

const char *
domain_config_set(struct domain_config *c, struct span name, struct span value)
{
	const char *why;

	if (span_eq(name, SPAN("relay_to")))
		return num_parse_bool(value, &c->relay_to) == 0 ?
			NULL : "is neither yes nor no (1, 0)";
	if (span_eq(name, SPAN("relay_from"))) {
		if ((why = check_nets(value)) == NULL)
			c->relay_from = value;
		return why;
	}
	return "is not known here";
}

const char *
domain_config_parse(struct span text, struct domain_config *c,
    struct span *bad)
{
	struct span word, name, value;

	while (span_word(&text, &word)) {
		const char *why = "is not name=value";

		value = *bad = word;
		span_cut(&value, '=', &name);
		if (value.p == NULL)
			return why;
		if ((why = domain_config_set(c, name, value)) != NULL)
			return why;
	}
	return NULL;
}

bool
domain_config_sends(const struct domain_config *c, const struct ip *ip)
{
	struct span rest = c->relay_from, text;
	struct ip_net net;

	if (ip->family == 0)
		return false;
	while (next_net(&rest, &text))
		if (ip_net_parse(text, &net) == 0 &&
		    ip_net_contains(&net, ip))
			return true;
	return false;
}
