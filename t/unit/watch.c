/* watch: a wall clock that jumps while queuerun -w waits, and a queue that is
 * another one. The clock is clock_set_wall()'s; that of the waiting is the
 * machine's, and does not. */
#include "tap.h"
#include "watch.h"
#include "queue_dir.h"
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define T0	  1800000000
#define YEAR	  (365 * 86400)
#define HORIZON	  (8 * 86400)
#define ID	  "01k7s8r8p33dbvoqpl6m4nkg0v"
#define SCAN_MOST 60000 /* ms between two scans */

static struct queue q;

/* An entry that is due at a time; only its name is looked at. */
static void
put_due(int64_t due)
{
	struct queue_name name = {.due = due, .place = "due", .id = ID};
	char path[QUEUE_NAME_MAX];

	queue_name_path(&name, path);
	close(queue_openat(&q, path, O_WRONLY | O_CREAT));
}

static size_t
scan(struct watch *w)
{
	struct queue_names names = {0};
	size_t n;

	watch_scan(w, &names);
	n = names.n;
	queue_names_free(&names);
	return n;
}

static bool
looks_within(const struct watch *w, int64_t ms)
{
	return watch_next(w) <= clock_mono() + ms;
}

static void
test_jumps(struct watch *w)
{
	clock_set_wall(T0);
	put_due(T0 + 3600);
	is_size(scan(w), 0, "an hour early: nothing is due");
	ok(!watch_wants_scan(w), "and there is nothing to do");
	ok(looks_within(w, SCAN_MOST), "until the next scan");

	/* Ahead. */
	clock_set_wall(T0 + YEAR);
	ok(watch_wants_scan(w), "a year ahead: a scan, when it looks");
	is_size(scan(w), 1, "which finds it due");
	is_size(scan(w), 1, "it is there until somebody takes it");
	ok(!watch_wants_scan(w), "but there is no scan after scan");

	/* Back, from there. */
	clock_set_wall(T0);
	ok(looks_within(w, SCAN_MOST), "a year back: no longer than a scan");
	is_size(scan(w), 0, "its time is to come again");
	clock_set_wall(T0 - YEAR);
	ok(looks_within(w, SCAN_MOST), "two years back: the same");
	is_size(scan(w), 1, "what lies beyond every schedule is due");
	ok(!watch_wants_scan(w), "and no storm");
	ok(looks_within(w, SCAN_MOST) && !looks_within(w, 0),
	    "it sleeps, and wakes up");
}

static volatile sig_atomic_t stopped;

static void
on_stop(int sig)
{
	(void)sig;
	stopped = 1;
}

/* A queue made anew, or mounted, where the one was that is watched. */
static void
test_another(struct watch *w, const char *dir)
{
	struct sigaction sa = {.sa_handler = on_stop};
	char aside[64];

	sigaction(SIGTERM, &sa, NULL);
	scan(w);
	ok(!stopped, "the queue is where it was: the worker stays");
	snprintf(aside, sizeof aside, "%s.aside", dir);
	rename(dir, aside);
	scan(w);
	ok(!stopped, "it was moved: the worker stays");
	ok(looks_within(w, 5000), "and looks again soon");
	mkdir(dir, 0700);
	scan(w);
	ok(stopped, "another one is there: the worker ends");
	remove(dir);
	rename(aside, dir);
}

static int
remove_it(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int
main(void)
{
	char dir[] = "/tmp/watch.XXXXXX";
	struct watch *w;

	if (mkdtemp(dir) == NULL || queue_open(&q, dir) == -1) {
		ok(false, "a queue");
		return done_testing();
	}
	w = watch_open(&q, 0, 1, HORIZON);
	ok(w != NULL, "a watch");
	if (w != NULL) {
		test_jumps(w);
		test_another(w, dir);
		watch_close(w);
	}
	is_int(nftw(dir, remove_it, 20, FTW_DEPTH | FTW_PHYS), 0, "clean up");
	return done_testing();
}
