/*
 * queue_scan: finding entries by their names (queue_out.h). A run costs what
 * is due: of due/ only the buckets whose time has come are opened. Nothing
 * here opens an entry.
 */
#include "log.h"
#include "queue_out.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "die.h"

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

	snprintf(n->path, sizeof n->path, "%s/%s", place, id);
	snprintf(n->id, sizeof n->id, "%s", id);
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
		struct queue_name *n;
		struct span id;
		int64_t due;
		unsigned attempts;

		seen++;
		if (!queue_due_parse(span_of(e->d_name), &due, &attempts,
			&id)) {
			report_name(dir, e->d_name);
			continue;
		}
		if (due > limit)
			continue;
		n = add(names);
		n->due = due;
		n->attempts = attempts;
		memcpy(n->id, id.p, id.n);
		snprintf(n->path, sizeof n->path, "%s/%.*s", dir, 80,
		    e->d_name);
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
exists(struct queue *q, const char *place, const char *id,
    struct queue_names *names)
{
	char path[QUEUE_NAME_MAX];

	snprintf(path, sizeof path, "%s/%s", place, id);
	if (faccessat(q->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == -1)
		return false;
	add_plain(names, place, id);
	return true;
}

/* The last line of the history names the due time: "TIME due T N". */
static bool
find_by_history(struct queue *q, const char *id, struct queue_names *names)
{
	struct buf text = {0};
	struct span rest, line, word, last = {NULL, 0};
	char due[QUEUE_NAME_MAX];
	bool found = false;

	if (queue_history_read(q, id, &text) == 0) {
		rest = buf_span(&text);
		while (span_cut(&rest, '\n', &line))
			if (span_word(&line, &word) &&
			    span_word(&line, &word) &&
			    span_eq(word, SPAN("due")))
				last = line;
	}
	if (last.p != NULL && span_word(&last, &word) && word.n == 10) {
		struct span n;
		int64_t t;
		unsigned attempts;
		struct span parsed;
		char name[QUEUE_NAME_MAX];

		span_word(&last, &n);
		snprintf(name, sizeof name, "%.*s,%.*s,%s", SPAN_ARG(word),
		    n.n > 8 ? 8 : (int)n.n, n.p, id);
		if (queue_due_parse(span_of(name), &t, &attempts, &parsed)) {
			queue_due_name(t, attempts, id, due);
			found = faccessat(q->fd, due, F_OK,
			    AT_SYMLINK_NOFOLLOW) == 0;
			if (found) {
				struct queue_name *e = add(names);

				snprintf(e->path, sizeof e->path, "%s", due);
				snprintf(e->id, sizeof e->id, "%s", id);
				e->due = t;
				e->attempts = attempts;
			}
		}
	}
	buf_free(&text);
	return found;
}

static bool
find_in_due(struct queue *q, const char *id, struct queue_names *names)
{
	struct queue_names all = {0};
	bool found = false;

	scan_due(q, 0, 0, true, &all);
	for (size_t i = 0; i < all.n && !found; i++)
		if (strcmp(all.v[i].id, id) == 0) {
			*add(names) = all.v[i];
			found = true;
		}
	queue_names_free(&all);
	return found;
}

bool
queue_find(struct queue *q, const char *id, struct queue_names *names)
{
	struct buf places = {0};
	struct span rest, name;
	bool found = false;

	if (!id_valid(span_of(id)))
		return false;
	if (exists(q, "new", id, names) || exists(q, "hold", id, names) ||
	    exists(q, "dead", id, names))
		return true;
	queue_quarantines(q, &places);
	rest = buf_span(&places);
	while (!found && span_cut(&rest, '\n', &name) && name.n > 0) {
		char place[QUEUE_NAME_MAX];

		snprintf(place, sizeof place, "quarantine/%.*s",
		    SPAN_ARG(name));
		found = exists(q, place, id, names);
	}
	buf_free(&places);
	return found || find_by_history(q, id, names) ||
	    find_in_due(q, id, names);
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
