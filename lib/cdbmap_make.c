/* cdbmap_make: writing a table (cdbmap.h). */
#include "cdbmap.h"
#include <cdb.h>
#include <errno.h>
#include <limits.h>

int
cdbmap_make(int fd, bool (*next)(void *from, struct span *key,
    struct span *value), void *from)
{
	struct span key, value;
	struct cdb_make m;
	int r = cdb_make_start(&m, fd);

	while (r == 0 && next(from, &key, &value)) {
		errno = EFBIG;
		if (key.n > UINT_MAX || value.n > UINT_MAX)
			r = -1;
		/* The first of several stays. */
		else if (cdb_make_put(&m, key.p, (unsigned)key.n, value.p,
		    (unsigned)value.n, CDB_PUT_INSERT) < 0)
			r = -1;
	}
	return cdb_make_finish(&m) == 0 ? r : -1;
}
