/* relay_route: see relay_route.h. */
#include "relay_route.h"
#include "num.h"

int
relay_route_parse(struct span route, struct span scheme,
    struct relay_route *out)
{
	uint64_t port;

	*out = (struct relay_route){0};
	if (!span_istarts(route, scheme))
		return -1;
	out->text = span_skip(route, scheme.n);
	if (out->text.n == 0) {
		out->mx = true;
		return 0;
	}
	if (out->text.p[0] == ':') {
		if (num_parse_max(span_skip(out->text, 1), 65535, &port) ==
			-1 || port == 0)
			return -1;
		out->mx = true;
		out->port = (unsigned)port;
		return 0;
	}
	if (target_parse(out->text, &out->target) == -1)
		return -1;
	out->port = out->target.port;
	return 0;
}

struct span
relay_domain(struct span address, struct span me)
{
	size_t at = span_rchr(address, '@');

	return at == address.n ? me : span_skip(address, at + 1);
}
