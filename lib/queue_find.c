/*
 * queue_find: an entry by its id alone (queue_out.h): where it can be in one
 * step, and only then a look through due/.
 */
#include "num.h"
#include "queue_dir.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Where it is not known whether something is there, why goes to *error. */
static bool
exists(struct queue *q, const struct queue_name *name, int *error)
{
	char path[QUEUE_NAME_MAX];

	queue_name_path(name, path);
	if (faccessat(q->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	if (errno != ENOENT)
		*error = errno;
	return false;
}

static bool
find_in_place(struct queue *q, const char *place, const char *id,
    struct queue_names *names, int *error)
{
	queue_names_plain(names, place, id);
	if (exists(q, &names->v[names->n - 1], error))
		return true;
	names->n--;
	return false;
}

static bool
find_in_quarantine(struct queue *q, const char *id, struct queue_names *names,
    int *error)
{
	struct buf places = {0};
	struct span rest, name;
	bool found = false;

	if (queue_quarantines(q, &places) == -1)
		*error = errno;
	rest = buf_span(&places);
	while (!found && span_cut(&rest, '\n', &name) && name.n > 0) {
		char place[QUEUE_NAME_MAX];

		snprintf(place, sizeof place, "quarantine/%.*s",
		    SPAN_ARG(name));
		found = find_in_place(q, queue_names_place(place), id, names,
		    error);
	}
	buf_free(&places);
	return found;
}

/* "TIME due T N": where the entry went after its last attempt. */
static bool
parse_due_line(struct span line, int64_t *due, unsigned *attempts)
{
	struct span word, t, n;
	uint64_t tv, nv;

	if (!span_word(&line, &word) || !span_word(&line, &word) ||
	    !span_eq(word, SPAN("due")) || !span_word(&line, &t) ||
	    !span_word(&line, &n) || num_parse_max(t, 9999999999, &tv) == -1 ||
	    num_parse_max(n, 1000000, &nv) == -1)
		return false;
	*due = (int64_t)tv;
	*attempts = (unsigned)nv;
	return true;
}

static bool
find_by_history(struct queue *q, const char *id, struct queue_names *names,
    int *error)
{
	struct buf text = {0};
	struct span rest, line;
	int64_t due = -1;
	unsigned attempts = 0;

	if (queue_history_end(q, id, &text) == 0) {
		rest = buf_span(&text);
		while (span_cut(&rest, '\n', &line))
			parse_due_line(line, &due, &attempts);
	}
	buf_free(&text);
	if (due == -1)
		return false;
	queue_names_due(names, due, attempts, span_of(id));
	if (exists(q, &names->v[names->n - 1], error))
		return true;
	names->n--;
	return false;
}

static bool
find_directly(struct queue *q, const char *id, struct queue_names *names,
    int *error)
{
	return find_in_place(q, "new", id, names, error) ||
	    find_in_place(q, "hold", id, names, error) ||
	    find_in_place(q, "dead", id, names, error) ||
	    find_in_quarantine(q, id, names, error) ||
	    find_by_history(q, id, names, error);
}

bool
queue_find_directly(struct queue *q, const char *id, struct queue_names *names)
{
	int error = 0;

	return find_directly(q, id, names, &error);
}

int
queue_find_ids(struct queue *q, const char *const *ids, size_t n,
    struct queue_names *names, bool *found)
{
	struct queue_names all = {0};
	bool missing = false;
	int error = 0;

	for (size_t i = 0; i < n; i++) {
		found[i] = id_valid(span_of(ids[i])) &&
		    find_directly(q, ids[i], names, &error);
		missing = missing || !found[i];
	}
	if (!missing)
		return 0;
	if (queue_scan_due(q, 0, 0, true, &all) == -1)
		error = errno;
	for (size_t k = 0; k < all.n; k++)
		for (size_t i = 0; i < n; i++)
			if (!found[i] && strcmp(all.v[k].id, ids[i]) == 0) {
				queue_names_due(names, all.v[k].due,
				    all.v[k].attempts, span_of(ids[i]));
				found[i] = true;
			}
	queue_names_free(&all);
	/* One that was moved while we looked has its new time in its history
	 * since before it moved. */
	missing = false;
	for (size_t i = 0; i < n; i++) {
		if (!found[i] && id_valid(span_of(ids[i])))
			found[i] = find_by_history(q, ids[i], names, &error);
		missing = missing || !found[i];
	}
	errno = error;
	return missing && error != 0 ? -1 : 0;
}

int
queue_find(struct queue *q, const char *id, struct queue_names *names)
{
	bool found;
	int r = queue_find_ids(q, &id, 1, names, &found);

	return found ? 1 : r;
}
