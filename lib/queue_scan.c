/*
 * queue_scan: finding entries by their names (queue_out.h). A run costs what
 * is due: of due/ only the buckets whose time has come are opened. Nothing
 * here opens an entry.
 */
#include "die.h"
#include "log.h"
#include "num.h"
#include "queue_out.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPORTED_MAX 64

/* Says once per process that a name is none of ours. */
static void
report_name(const char *dir, const char *name)
{
	static unsigned long seen[REPORTED_MAX];
	static size_t n;
	unsigned long hash = 5381;

	for (const char *p = dir; *p; p++)
		hash = hash * 33 ^ (unsigned char)*p;
	for (const char *p = name; *p; p++)
		hash = hash * 33 ^ (unsigned char)*p;
	for (size_t i = 0; i < n; i++)
		if (seen[i] == hash)
			return;
	if (n == REPORTED_MAX)
		return;
	seen[n++] = hash;

	struct log l;

	log_open_at(&l, LOG_WARNING, "queue-name");
	log_str(&l, "dir", dir);
	log_str(&l, "name", name);
	log_str(&l, "text", "not a name of the queue, left alone");
	log_send(&l);
}

static struct queue_name *
add(struct queue_names *names)
{
	if (names->n == names->cap) {
		size_t cap = names->cap ? names->cap * 2 : 64;
		void *v = realloc(names->v, cap * sizeof *names->v);

		if (v == NULL)
			die_temp("out of memory");
		names->v = v;
		names->cap = cap;
	}
	return memset(&names->v[names->n++], 0, sizeof *names->v);
}

static void
add_plain(struct queue_names *names, const char *place, const char *id)
{
	struct queue_name *n = add(names);

	n->place = place;
	memcpy(n->id, id, strlen(id) + 1);
}

static void
add_due(struct queue_names *names, int64_t due, unsigned attempts,
    struct span id)
{
	struct queue_name *n = add(names);

	n->place = "due";
	n->due = due;
	n->attempts = attempts;
	memcpy(n->id, id.p, id.n);
}

void
queue_name_path(const struct queue_name *name, char out[QUEUE_NAME_MAX])
{
	if (strcmp(name->place, "due") == 0)
		queue_due_name(name->due, name->attempts, name->id, out);
	else
		snprintf(out, QUEUE_NAME_MAX, "%s/%s", name->place, name->id);
}

/* A place as long-lived text. The few there are stay for good. */
static const char *
keep_place(const char *place)
{
	static const char *const fixed[] = {"new", "hold", "dead"};
	static char **kept;
	static size_t n;
	void *more;

	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		if (strcmp(fixed[i], place) == 0)
			return fixed[i];
	for (size_t i = 0; i < n; i++)
		if (strcmp(kept[i], place) == 0)
			return kept[i];
	if ((more = realloc(kept, (n + 1) * sizeof *kept)) == NULL)
		die_temp("out of memory");
	kept = more;
	if ((kept[n] = strdup(place)) == NULL)
		die_temp("out of memory");
	return kept[n++];
}

void
queue_names_free(struct queue_names *names)
{
	free(names->v);
	*names = (struct queue_names){0};
}

/* A stream over a directory of the queue; NULL and errno. */
static DIR *
open_stream(struct queue *q, const char *path)
{
	int fd = openat(q->fd, path,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *d;

	if (fd == -1)
		return NULL;
	if ((d = fdopendir(fd)) == NULL)
		close(fd);
	return d;
}

/* The next name that does not begin with a dot. */
static struct dirent *
next_name(DIR *d)
{
	struct dirent *e;

	while ((e = readdir(d)) != NULL && e->d_name[0] == '.')
		;
	return e;
}

/*
 * A group whose writer died after its commit: its members are brought up to
 * new/. The lock says whether the writer still lives; a crash in between
 * leaves a smaller group for the next run.
 */
static void
finish_group(struct queue *q, const char *id, struct queue_names *names)
{
	char dir[8 + ID_SIZE], from[QUEUE_NAME_MAX], to[QUEUE_NAME_MAX];
	struct dirent *e;
	DIR *d;

	snprintf(dir, sizeof dir, "new/%.*s", ID_SIZE, id);
	if ((d = open_stream(q, dir)) == NULL)
		return;
	if (flock(dirfd(d), LOCK_EX | LOCK_NB) == -1) {
		closedir(d);
		return;
	}
	while ((e = next_name(d)) != NULL) {
		if (!id_valid(span_of(e->d_name))) {
			report_name(dir, e->d_name);
			continue;
		}
		snprintf(from, sizeof from, "%s/%.*s", dir, ID_SIZE,
		    e->d_name);
		snprintf(to, sizeof to, "new/%.*s", ID_SIZE, e->d_name);
		if (renameat(q->fd, from, q->fd, to) == 0)
			add_plain(names, "new", e->d_name);
	}
	unlinkat(q->fd, dir, AT_REMOVEDIR);
	closedir(d);
}

int
queue_scan_place(struct queue *q, const char *place, struct queue_names *names)
{
	DIR *d = open_stream(q, place);
	struct dirent *e;

	if (d == NULL)
		return errno == ENOENT ? 0 : -1;
	place = keep_place(place);
	while ((e = next_name(d)) != NULL) {
		if (!id_valid(span_of(e->d_name)))
			report_name(place, e->d_name);
		else if (e->d_type == DT_DIR && strcmp(place, "new") == 0)
			finish_group(q, e->d_name, names);
		else
			add_plain(names, place, e->d_name);
	}
	closedir(d);
	return 0;
}

int
queue_quarantines(struct queue *q, struct buf *out)
{
	DIR *d = open_stream(q, "quarantine");
	struct dirent *e;

	if (d == NULL)
		return errno == ENOENT ? 0 : -1;
	while ((e = next_name(d)) != NULL) {
		if (!queue_place_valid(span_of(e->d_name))) {
			report_name("quarantine", e->d_name);
			continue;
		}
		buf_puts(out, e->d_name);
		buf_putc(out, '\n');
	}
	closedir(d);
	return 0;
}

/* What a bucket holds up to the time limit; returns names of ours seen, due
 * or not. */
static size_t
scan_bucket(struct queue *q, const char *bucket, int64_t limit,
    struct queue_names *names)
{
	char dir[16];
	struct dirent *e;
	size_t seen = 0;
	DIR *d;

	snprintf(dir, sizeof dir, "due/%.8s", bucket);
	if ((d = open_stream(q, dir)) == NULL)
		return 1;
	while ((e = next_name(d)) != NULL) {
		char path[QUEUE_NAME_MAX];
		unsigned attempts;
		struct span id;
		int64_t due;

		seen++;
		/* Only the one spelling that we make, in its own bucket: the
		 * path is made from the numbers again. */
		if (!queue_due_parse(span_of(e->d_name), &due, &attempts,
			&id) ||
		    (queue_due_name(due, attempts, id.p, path),
			strcmp(path + sizeof "due/BBBBBBBB", e->d_name) != 0 ||
			    memcmp(path, dir, strlen(dir)) != 0)) {
			report_name(dir, e->d_name);
			continue;
		}
		if (due <= limit)
			add_due(names, due, attempts, id);
	}
	closedir(d);
	return seen;
}

static bool
bucket_time(const char *name, int64_t *start)
{
	int64_t v = 0;

	if (strlen(name) != 8)
		return false;
	for (size_t i = 0; i < 8; i++) {
		int h = ascii_hex(name[i]);

		if (h == -1)
			return false;
		v = v << 4 | h;
	}
	*start = v * QUEUE_BUCKET;
	return true;
}

static int
by_due(const void *a, const void *b)
{
	const struct queue_name *x = a, *y = b;

	if (x->due != y->due)
		return x->due < y->due ? -1 : 1;
	return strcmp(x->id, y->id);
}

static int
scan_due(struct queue *q, int64_t now, int64_t horizon, bool all,
    struct queue_names *names)
{
	DIR *d = open_stream(q, "due");
	size_t first = names->n;
	struct dirent *e;
	int64_t start;

	if (d == NULL)
		return errno == ENOENT ? 0 : -1;
	while ((e = next_name(d)) != NULL) {
		char path[QUEUE_NAME_MAX];
		bool far;

		if (!bucket_time(e->d_name, &start)) {
			report_name("due", e->d_name);
			continue;
		}
		far = horizon > 0 && start > now + horizon;
		if (start > now && !all && !far)
			continue;
		if (scan_bucket(q, e->d_name, all || far ? INT64_MAX : now,
			names) != 0 || start + QUEUE_BUCKET > now)
			continue;
		snprintf(path, sizeof path, "due/%.8s", e->d_name);
		unlinkat(q->fd, path, AT_REMOVEDIR);
	}
	closedir(d);
	if (names->n > first)
		qsort(names->v + first, names->n - first, sizeof *names->v,
		    by_due);
	return 0;
}

int
queue_scan(struct queue *q, int64_t now, int64_t horizon, bool all,
    struct queue_names *names)
{
	if (queue_scan_place(q, "new", names) == -1)
		return -1;
	return scan_due(q, now, horizon, all, names);
}

static bool
exists(struct queue *q, const struct queue_name *name)
{
	char path[QUEUE_NAME_MAX];

	queue_name_path(name, path);
	return faccessat(q->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool
find_in_place(struct queue *q, const char *place, const char *id,
    struct queue_names *names)
{
	add_plain(names, place, id);
	if (exists(q, &names->v[names->n - 1]))
		return true;
	names->n--;
	return false;
}

static bool
find_in_quarantine(struct queue *q, const char *id, struct queue_names *names)
{
	struct buf places = {0};
	struct span rest, name;
	bool found = false;

	queue_quarantines(q, &places);
	rest = buf_span(&places);
	while (!found && span_cut(&rest, '\n', &name) && name.n > 0) {
		char place[QUEUE_NAME_MAX];

		snprintf(place, sizeof place, "quarantine/%.*s",
		    SPAN_ARG(name));
		found = find_in_place(q, keep_place(place), id, names);
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
find_by_history(struct queue *q, const char *id, struct queue_names *names)
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
	add_due(names, due, attempts, span_of(id));
	if (exists(q, &names->v[names->n - 1]))
		return true;
	names->n--;
	return false;
}

/* Everywhere but the long way through due/. */
static bool
find_directly(struct queue *q, const char *id, struct queue_names *names)
{
	return find_in_place(q, "new", id, names) ||
	    find_in_place(q, "hold", id, names) ||
	    find_in_place(q, "dead", id, names) ||
	    find_in_quarantine(q, id, names) || find_by_history(q, id, names);
}

void
queue_find_ids(struct queue *q, const char *const *ids, size_t n,
    struct queue_names *names, bool *found)
{
	struct queue_names all = {0};
	bool missing = false;

	for (size_t i = 0; i < n; i++) {
		found[i] = id_valid(span_of(ids[i])) &&
		    find_directly(q, ids[i], names);
		missing = missing || !found[i];
	}
	if (!missing)
		return;
	scan_due(q, 0, 0, true, &all);
	for (size_t k = 0; k < all.n; k++)
		for (size_t i = 0; i < n; i++)
			if (!found[i] && strcmp(all.v[k].id, ids[i]) == 0) {
				*add(names) = all.v[k];
				found[i] = true;
			}
	queue_names_free(&all);
}

bool
queue_find(struct queue *q, const char *id, struct queue_names *names)
{
	bool found;

	queue_find_ids(q, &id, 1, names, &found);
	return found;
}

/* What a killed group writer left: its members, then itself. */
static unsigned
sweep_group(struct queue *q, const char *path, int fd)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;

	if (d == NULL) {
		close(fd);
		return 0;
	}
	while ((e = next_name(d)) != NULL)
		unlinkat(dirfd(d), e->d_name, 0);
	unlinkat(q->fd, path, AT_REMOVEDIR);
	closedir(d);
	return 1;
}

static unsigned
sweep_name(struct queue *q, const char *path)
{
	int fd = openat(q->fd, path,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	unsigned swept = 0;

	if (fd == -1)
		return 0;
	/* A writer that lives holds the lock. */
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return sweep_group(q, path, fd);
		if (S_ISREG(st.st_mode) && st.st_nlink == 1 &&
		    unlinkat(q->fd, path, 0) == 0)
			swept = 1;
	}
	close(fd);
	return swept;
}

unsigned
queue_sweep(struct queue *q)
{
	DIR *d = open_stream(q, "tmp");
	struct dirent *e;
	unsigned n = 0;

	if (d == NULL)
		return 0;
	while ((e = next_name(d)) != NULL) {
		char path[QUEUE_NAME_MAX];

		if (!id_valid(span_of(e->d_name))) {
			report_name("tmp", e->d_name);
			continue;
		}
		snprintf(path, sizeof path, "tmp/%.*s", ID_SIZE, e->d_name);
		n += sweep_name(q, path);
	}
	closedir(d);
	return n;
}
