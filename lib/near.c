/* near: see near.h. */
#include "near.h"

static size_t
least(size_t a, size_t b, size_t c)
{
	if (b < a)
		a = b;
	return c < a ? c : a;
}

size_t
near_distance(struct span a, struct span b)
{
	size_t row[NEAR_MAX + 1];

	for (size_t j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t other = ascii_lower(a.p[i - 1]) !=
			    ascii_lower(b.p[j - 1]);
			size_t here = least(diagonal + other, row[j] + 1,
			    row[j - 1] + 1);

			diagonal = row[j];
			row[j] = here;
		}
	}
	return row[b.n];
}
