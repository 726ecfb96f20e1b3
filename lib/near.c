/* near: see near.h. */
#include "near.h"

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool
same(struct span a, size_t i, struct span b, size_t j)
{
	return ascii_lower(a.p[i]) == ascii_lower(b.p[j]);
}

size_t
near_distance(struct span a, struct span b)
{
	size_t d[NEAR_MAX + 1][NEAR_MAX + 1];

	for (size_t i = 0; i <= a.n; i++) {
		for (size_t j = 0; j <= b.n; j++) {
			if (i == 0 || j == 0) {
				d[i][j] = i + j;
				continue;
			}
			d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1,
			    d[i - 1][j - 1] + !same(a, i - 1, b, j - 1));
			if (i > 1 && j > 1 && same(a, i - 1, b, j - 2) &&
			    same(a, i - 2, b, j - 1))
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[a.n][b.n];
}
