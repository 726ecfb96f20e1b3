/* tables: see tables.h. */
#include "tables.h"

int
tables_exist(const struct tables *t)
{
	return t->map->n > 0 ? 1 : cdbmap_open(t->cdb);
}

int
tables_find(const struct tables *t, struct span key, struct span *value)
{
	if (control_map_find(t->map, key, value))
		return 1;
	return cdbmap_find(t->cdb, key, t->a, value);
}

int
tables_find_domain(const struct tables *t, struct span domain,
    struct span *value)
{
	struct span key = domain;

	while (key.n > 0) {
		int r = tables_find(t, key, value);

		if (r != 0)
			return r;
		/* A key that is a suffix begins with its dot. */
		key = span_skip(key, 1);
		key = span_skip(key, span_chr(key, '.'));
		if (key.n == 1)
			break;
	}
	return 0;
}
