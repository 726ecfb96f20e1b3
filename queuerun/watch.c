/* watch: see watch.h. */
#include "watch.h"
#include "die.h"
#include "dest_file.h"
#include "log.h"
#include "queue_dir.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCAN_MS	   60000 /* between two scans */
#define LEFT_MS	   5000	 /* until one because an entry was left */
#define SCAN_SHARE 20	 /* times as long as a scan takes is between two */
#define WAKE	   ".wake" /* a name in new/ */

struct watch {
	struct queue *q;
	int fd;
	unsigned part, parts;
	int64_t horizon;
	int64_t due;	  /* Unix time that something is due at */
	clock_ms scan;	  /* when to scan */
};

static int
add_watch(struct watch *w)
{
	char path[64];
	int dir = queue_openat(w->q, "new", O_RDONLY | O_DIRECTORY), r, e;

	if (dir == -1)
		return -1;
	/* By the descriptor: the queue's name may be relative, and the
	 * directory moved. */
	snprintf(path, sizeof path, "/proc/self/fd/%d", dir);
	r = inotify_add_watch(w->fd, path,
	    IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR);
	e = errno;
	close(dir);
	errno = e;
	return r;
}

struct watch *
watch_open(struct queue *q, unsigned part, unsigned parts, int64_t horizon)
{
	struct watch *w = calloc(1, sizeof *w);
	int e;

	if (w == NULL)
		die_temp("out of memory");
	*w = (struct watch){.q = q, .part = part, .parts = parts,
	    .horizon = horizon, .due = INT64_MAX};
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd != -1 && add_watch(w) != -1)
		return w;
	e = errno;
	watch_close(w);
	errno = e;
	return NULL;
}

void
watch_close(struct watch *w)
{
	if (w->fd != -1)
		close(w->fd);
	free(w);
}

int
watch_fd(const struct watch *w)
{
	return w->fd;
}

clock_ms
watch_next(const struct watch *w)
{
	int64_t left = w->due == INT64_MAX ? SCAN_MS :
	    (w->due - clock_wall()) * 1000;
	clock_ms due;

	if (left > SCAN_MS)
		left = SCAN_MS;
	due = clock_mono() + (left > 0 ? left : 0);
	return due < w->scan ? due : w->scan;
}

void
watch_note_due(struct watch *w, int64_t due)
{
	if (due < w->due)
		w->due = due;
}

void
watch_note_left(struct watch *w)
{
	clock_ms t = clock_deadline(LEFT_MS);

	if (t < w->scan)
		w->scan = t;
}

bool
watch_wants_scan(const struct watch *w)
{
	return clock_left(w->scan) == 0 || w->due <= clock_wall();
}

static bool
is_ours(const struct watch *w, const char *id)
{
	return w->parts < 2 ||
	    dest_hash(span_of(id)) % w->parts == w->part;
}

/*
 * Another directory has the queue's name: a file system was mounted there, or
 * somebody made it anew. What comes now comes there, so this worker ends, and
 * the next one opens it. Where there is none ours was moved, or another one
 * is to come: false.
 */
static bool
look_at_name(const struct watch *w)
{
	struct stat ours, now;

	if (stat(w->q->dir, &now) == -1)
		return errno != ENOENT;
	if (fstat(w->q->fd, &ours) == -1 ||
	    (ours.st_dev == now.st_dev && ours.st_ino == now.st_ino))
		return true;
	log_warn("queue-trouble", "%s: it is another directory now",
	    w->q->dir);
	raise(SIGTERM);
	return true;
}

void
watch_scan(struct watch *w, struct queue_names *names)
{
	clock_ms started = clock_mono(), took;
	int64_t now = clock_wall();
	size_t n = names->n;
	bool there = look_at_name(w);

	if (queue_scan(w->q, now, w->horizon, false, names) == -1)
		log_warn("queue-trouble", "%s: %s", w->q->dir,
		    strerror(errno));
	for (size_t i = n; i < names->n; i++)
		if (is_ours(w, names->v[i].id))
			names->v[n++] = names->v[i];
	names->n = n;
	w->due = queue_next_due(w->q, now);
	took = clock_mono() - started;
	w->scan = clock_deadline(took * SCAN_SHARE > SCAN_MS ?
		took * SCAN_SHARE : SCAN_MS);
	if (!there)
		watch_note_left(w);
}

/*
 * A single entry's close comes when its writer has unlocked it, its rename
 * too early; of the members of a group the rename is all there is.
 */
static bool
is_entry(const struct inotify_event *e)
{
	struct span name = span_of(e->name);

	if ((e->mask & IN_ISDIR) || !id_valid(name))
		return false;
	return name.n > ID_LEN ? (e->mask & IN_MOVED_TO) != 0 :
				 (e->mask & IN_CLOSE_WRITE) != 0;
}

static void
take_event(struct watch *w, const struct inotify_event *e,
    struct queue_names *names)
{
	/* Too many to remember, or the directory itself has gone. */
	if (e->mask & (IN_Q_OVERFLOW | IN_IGNORED)) {
		w->scan = clock_mono();
		if (e->mask & IN_IGNORED)
			(void)add_watch(w);
		return;
	}
	if (e->len == 0)
		return;
	if (strcmp(e->name, WAKE) == 0)
		w->scan = clock_mono();
	else if (is_entry(e) && is_ours(w, e->name))
		queue_names_plain(names, "new", e->name);
}

void
watch_events(struct watch *w, struct queue_names *names)
{
	_Alignas(struct inotify_event) char block[16384];
	const struct inotify_event *e;
	ssize_t n;

	while ((n = read(w->fd, block, sizeof block)) > 0)
		for (ssize_t at = 0; at < n;
		    at += (ssize_t)(sizeof *e + e->len)) {
			e = (const void *)(block + at);
			take_event(w, e, names);
		}
}

void
watch_wake(struct queue *q)
{
	int fd = openat(q->fd, "new/" WAKE,
	    O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	    0600);

	if (fd == -1)
		return;
	close(fd);
	unlinkat(q->fd, "new/" WAKE, 0);
}
