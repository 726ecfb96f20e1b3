/* queue_dir: see queue_dir.h. */
#include "queue_dir.h"
#include "die.h"
#include "log.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define REPORTED_MAX 64

/* Says once per process that a name is none of ours. */
void
queue_dir_report(const char *dir, const char *name)
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

/* A stream over a directory of the queue; NULL and errno. */
DIR *
queue_dir_open(struct queue *q, const char *path)
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
struct dirent *
queue_dir_next(DIR *d)
{
	struct dirent *e;

	do {
		errno = 0;
		e = readdir(d);
	} while (e != NULL && e->d_name[0] == '.');
	return e;
}

int
queue_dir_end(DIR *d)
{
	int e = errno;

	closedir(d);
	errno = e;
	return e == 0 ? 0 : -1;
}

static void
add(struct queue_names *names, const struct queue_name *name)
{
	if (names->take != NULL) {
		names->take(name, names->ctx);
		return;
	}
	if (names->n == names->cap) {
		size_t cap = names->cap ? names->cap * 2 : 64;
		void *v = realloc(names->v, cap * sizeof *names->v);

		if (v == NULL)
			die_temp("out of memory");
		names->v = v;
		names->cap = cap;
	}
	names->v[names->n++] = *name;
}

void
queue_names_plain(struct queue_names *names, const char *place, const char *id)
{
	struct queue_name n = {.place = place};

	memcpy(n.id, id, strlen(id) + 1);
	add(names, &n);
}

void
queue_names_due(struct queue_names *names, int64_t due, unsigned attempts,
    struct span id)
{
	struct queue_name n = {.place = "due", .due = due,
	    .attempts = attempts};

	memcpy(n.id, id.p, id.n);
	add(names, &n);
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
const char *
queue_names_place(const char *place)
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
