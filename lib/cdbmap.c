/* cdbmap: see cdbmap.h. The only place that knows tinycdb. */
#include "cdbmap.h"
#include "die.h"
#include <cdb.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Maps an open file: 0, or -1 and errno. */
static int
map(int fd, struct cdb *cdb)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return -1;
	}
	/* tinycdb looks at the low 32 bits of the size only. */
	if (st.st_size < 2048 || st.st_size > UINT_MAX) {
		errno = EPROTO;
		return -1;
	}
	return cdb_init(cdb, fd) < 0 ? -1 : 0;
}

int
cdbmap_open(struct cdbmap *m)
{
	struct cdb *cdb;
	int fd, result, e;

	if (m->tried)
		return m->cdb != NULL;
	/* A fifo in its place must not make us wait. */
	fd = open(m->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1 && errno != ENOENT)
		return -1;
	if (fd == -1) {
		m->tried = true;
		return 0;
	}
	if ((cdb = malloc(sizeof *cdb)) == NULL)
		die_temp("out of memory");
	result = map(fd, cdb);
	e = errno;
	/* The mapping stays without the descriptor. */
	close(fd);
	if (result == -1) {
		free(cdb);
		errno = e;
		return -1;
	}
	m->cdb = cdb;
	m->tried = true;
	return 1;
}

/* A part of the mapping: 0, or -1 when the file is damaged. */
static int
borrow(struct cdb *cdb, unsigned n, unsigned at, struct span *out)
{
	const void *p;

	errno = EPROTO;
	if ((p = cdb_get(cdb, n, at)) == NULL)
		return -1;
	*out = span_make(p, n);
	return 0;
}

int
cdbmap_look(struct cdbmap *m, struct span key, struct span *value)
{
	struct cdb *cdb;
	int found = cdbmap_open(m);

	if (found <= 0)
		return found;
	cdb = m->cdb;
	if (key.n > UINT_MAX)
		return 0;
	errno = EPROTO;
	found = cdb_find(cdb, key.p, (unsigned)key.n);
	if (found <= 0)
		return found == 0 ? 0 : -1;
	return borrow(cdb, cdb_datalen(cdb), cdb_datapos(cdb), value) == 0 ?
		1 : -1;
}

int
cdbmap_find(struct cdbmap *m, struct span key, struct arena *a,
    struct span *value)
{
	int found = cdbmap_look(m, key, value);

	if (found > 0)
		*value = arena_dup(a, *value);
	return found;
}

int
cdbmap_next(struct cdbmap *m, unsigned *at, struct span *key,
    struct span *value)
{
	struct cdb *cdb;
	int found = cdbmap_open(m);

	if (found <= 0)
		return found;
	cdb = m->cdb;
	if (*at == 0)
		cdb_seqinit(at, cdb);
	errno = EPROTO;
	found = cdb_seqnext(at, cdb);
	if (found <= 0)
		return found == 0 ? 0 : -1;
	if (borrow(cdb, cdb_keylen(cdb), cdb_keypos(cdb), key) == -1 ||
	    borrow(cdb, cdb_datalen(cdb), cdb_datapos(cdb), value) == -1)
		return -1;
	return 1;
}

void
cdbmap_close(struct cdbmap *m)
{
	if (m->cdb != NULL) {
		cdb_free(m->cdb);
		free(m->cdb);
	}
	m->cdb = NULL;
	m->tried = false;
}
