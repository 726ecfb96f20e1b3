/*
 * queue_scan: finding entries by their names (queue_out.h). A run costs what
 * is due: of due/ only the buckets whose time has come are opened. Nothing
 * here opens an entry.
 */
#include "queue_dir.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Some filesystems leave the type of a name to fstatat(2). */
static bool
is_dir(struct queue *q, const char *place, const struct dirent *e)
{
	char path[QUEUE_NAME_MAX];
	struct stat st;

	if (e->d_type != DT_UNKNOWN)
		return e->d_type == DT_DIR;
	snprintf(path, sizeof path, "%s/%.*s", place, ID_SIZE, e->d_name);
	return fstatat(q->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode);
}

/*
 * A group whose writer died after its commit: its members are brought up to
 * new/, or where else they belong. The lock says whether the writer still lives; a crash in between
 * leaves a smaller group for the next run.
 */
static void
finish_group(struct queue *q, const char *id, struct queue_names *names)
{
	char dir[8 + ID_SIZE], to[QUEUE_NAME_MAX];
	struct dirent *e;
	DIR *d;

	snprintf(dir, sizeof dir, "new/%.*s", ID_SIZE, id);
	if ((d = queue_dir_open(q, dir)) == NULL)
		return;
	if (flock(dirfd(d), LOCK_EX | LOCK_NB) == -1) {
		closedir(d);
		return;
	}
	while ((e = queue_dir_next(d)) != NULL) {
		if (!queue_member_path(e->d_name, to)) {
			queue_dir_report(dir, e->d_name);
			continue;
		}
		if (queue_rename_from(q, dirfd(d), e->d_name, to) == 0 &&
		    id_valid(span_of(e->d_name)))
			queue_names_plain(names, "new", e->d_name);
	}
	unlinkat(q->fd, dir, AT_REMOVEDIR);
	closedir(d);
}

int
queue_scan_place(struct queue *q, const char *place, struct queue_names *names)
{
	DIR *d = queue_dir_open(q, place);
	struct dirent *e;

	if (d == NULL)
		return errno == ENOENT ? 0 : -1;
	place = queue_names_place(place);
	while ((e = queue_dir_next(d)) != NULL) {
		if (!id_valid(span_of(e->d_name)))
			queue_dir_report(place, e->d_name);
		else if (strcmp(place, "new") == 0 && is_dir(q, place, e))
			finish_group(q, e->d_name, names);
		else
			queue_names_plain(names, place, e->d_name);
	}
	return queue_dir_end(d);
}

int
queue_quarantines(struct queue *q, struct buf *out)
{
	DIR *d = queue_dir_open(q, "quarantine");
	struct dirent *e;

	if (d == NULL)
		return errno == ENOENT ? 0 : -1;
	while ((e = queue_dir_next(d)) != NULL) {
		if (!queue_place_valid(span_of(e->d_name))) {
			queue_dir_report("quarantine", e->d_name);
			continue;
		}
		buf_puts(out, e->d_name);
		buf_putc(out, '\n');
	}
	return queue_dir_end(d);
}

/* What a bucket holds up to the time limit. Names seen, due or not; -1 and
 * errno when it cannot be read: that is never an empty one. */
static long
scan_bucket(struct queue *q, const char *bucket, int64_t limit,
    struct queue_names *names)
{
	char dir[16];
	struct dirent *e;
	long seen = 0;
	DIR *d;

	snprintf(dir, sizeof dir, "due/%.8s", bucket);
	if ((d = queue_dir_open(q, dir)) == NULL) {
		/* Gone already, or a file of that name: not ours. */
		if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
			return 1;
		return -1;
	}
	while ((e = queue_dir_next(d)) != NULL) {
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
			queue_dir_report(dir, e->d_name);
			continue;
		}
		if (due <= limit)
			queue_names_due(names, due, attempts, id);
	}
	return queue_dir_end(d) == 0 ? seen : -1;
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

/* The first time after now in a bucket. */
static int64_t
first_in_bucket(struct queue *q, int64_t start, int64_t now)
{
	struct queue_names names = {0};
	int64_t first = INT64_MAX;
	char bucket[16];

	snprintf(bucket, sizeof bucket, "%08llx",
	    (unsigned long long)(start / QUEUE_BUCKET));
	if (scan_bucket(q, bucket, INT64_MAX, &names) > 0)
		for (size_t i = 0; i < names.n; i++)
			if (names.v[i].due > now && names.v[i].due < first)
				first = names.v[i].due;
	queue_names_free(&names);
	return first;
}

int64_t
queue_next_due(struct queue *q, int64_t now)
{
	int64_t from = now - now % QUEUE_BUCKET - 1, best, first;

	/* An empty bucket is passed over. */
	do {
		DIR *d = queue_dir_open(q, "due");
		struct dirent *e;
		int64_t start;

		if (d == NULL)
			return INT64_MAX;
		best = INT64_MAX;
		while ((e = queue_dir_next(d)) != NULL)
			if (bucket_time(e->d_name, &start) && start > from &&
			    start < best)
				best = start;
		if (queue_dir_end(d) == -1 || best == INT64_MAX)
			return INT64_MAX;
		first = first_in_bucket(q, best, now);
		from = best;
	} while (first == INT64_MAX);
	return first;
}

static int
by_id(const void *a, const void *b)
{
	const struct queue_name *x = a, *y = b;

	return strcmp(x->id, y->id);
}

static int
by_due(const void *a, const void *b)
{
	const struct queue_name *x = a, *y = b;

	if (x->due != y->due)
		return x->due < y->due ? -1 : 1;
	return by_id(a, b);
}

#define BUCKET_NAME 9 /* 8 digits and a NUL: they sort as their times do */

static int
by_bucket(const void *a, const void *b)
{
	return memcmp(a, b, BUCKET_NAME);
}

/* The buckets that are worth opening, by time, with their NULs. */
static int
find_buckets(struct queue *q, int64_t now, int64_t horizon, bool all,
    struct buf *out)
{
	DIR *d = queue_dir_open(q, "due");
	struct dirent *e;
	int64_t start;

	if (d == NULL)
		return errno == ENOENT ? 0 : -1;
	while ((e = queue_dir_next(d)) != NULL) {
		if (!bucket_time(e->d_name, &start))
			queue_dir_report("due", e->d_name);
		else if (start <= now || all ||
		    (horizon > 0 && start > now + horizon))
			buf_put(out, span_make(e->d_name, BUCKET_NAME));
	}
	if (queue_dir_end(d) == -1)
		return -1;
	if (out->n > 0)
		qsort(out->p, out->n / BUCKET_NAME, BUCKET_NAME, by_bucket);
	return 0;
}

/* One of them: its names are appended by time. One that is empty and past is
 * removed. */
static int
take_bucket(struct queue *q, const char *bucket, int64_t now, int64_t horizon,
    bool all, struct queue_names *names)
{
	size_t first = names->n;
	char path[16];
	int64_t start;
	long seen;
	bool far;

	bucket_time(bucket, &start);
	far = horizon > 0 && start > now + horizon;
	seen = scan_bucket(q, bucket, all || far ? INT64_MAX : now, names);
	if (seen == -1)
		return -1;
	if (seen == 0 && start + QUEUE_BUCKET <= now) {
		snprintf(path, sizeof path, "due/%.8s", bucket);
		unlinkat(q->fd, path, AT_REMOVEDIR);
	}
	/* Many small sorts: a big one of a million costs twice as much. */
	if (names->n > first)
		qsort(names->v + first, names->n - first, sizeof *names->v,
		    by_due);
	return 0;
}

int
queue_scan_due(struct queue *q, int64_t now, int64_t horizon, bool all,
    struct queue_names *names)
{
	struct buf buckets = {0};
	int r = find_buckets(q, now, horizon, all, &buckets);

	for (size_t i = 0; r == 0 && i < buckets.n; i += BUCKET_NAME)
		r = take_bucket(q, buckets.p + i, now, horizon, all, names);
	buf_free(&buckets);
	return r;
}

int
queue_scan(struct queue *q, int64_t now, int64_t horizon, bool all,
    struct queue_names *names)
{
	size_t first = names->n;

	if (queue_scan_place(q, "new", names) == -1)
		return -1;
	/* An id begins with its time: oldest first, and neighbours on the
	 * disk one after the other. */
	if (names->n > first)
		qsort(names->v + first, names->n - first, sizeof *names->v,
		    by_id);
	return queue_scan_due(q, now, horizon, all, names);
}
