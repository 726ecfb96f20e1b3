/* route: see route.h. */
#include "route.h"

bool
route_scheme(struct span route, struct span *scheme)
{
	size_t colon = span_chr(route, ':');

	if (colon == route.n || colon == 0 || colon > 32)
		return false;
	for (size_t i = 0; i < colon; i++)
		if (!ascii_isalnum(route.p[i]) &&
		    (route.p[i] != '-' || i == 0))
			return false;
	*scheme = span_head(route, colon);
	return true;
}
