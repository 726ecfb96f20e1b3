/*
 * ops_stat: how many entries there are, and how old they are (ops.h). From
 * their names alone, so that a million are counted in a second; only the file
 * for Prometheus says more, and opens them.
 */
#include "clock.h"
#include "die.h"
#include "file.h"
#include "ops_select.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OPEN_MOST 200000 /* entries that are opened for octets */
#define BAR	  40	 /* columns */

enum { NEW, DUE, HOLD, QUARANTINE, DEAD, STATES };
static const char *const states[STATES] = {"new", "due", "hold",
    "quarantine", "dead"};

static const struct {
	int64_t seconds;
	const char *text;
} ages[] = {
    {60, "1 minute"},
    {600, "10 minutes"},
    {3600, "1 hour"},
    {14400, "4 hours"},
    {86400, "1 day"},
    {259200, "3 days"},
    {604800, "1 week"},
    {INT64_MAX, "more"},
};
#define AGES (sizeof ages / sizeof *ages)

struct counts {
	size_t n[STATES], age[AGES];
	int64_t oldest[STATES]; /* seconds */
	uint64_t octets[STATES];
	int64_t total_age;
	size_t all, due_now;
	int64_t next; /* due time, 0: none */
	bool opened;  /* octets are known */
	int64_t now;
};

static int
state_of(const struct queue_name *n)
{
	for (int s = 0; s < STATES; s++)
		if (n->place[0] == states[s][0] && n->place[1] == states[s][1])
			return s;
	return DEAD;
}

static void
count_one(const struct queue_name *n, void *counts)
{
	struct counts *c = counts;
	int64_t age = c->now - id_time_ms(span_of(n->id)) / 1000;
	int s = state_of(n);
	size_t a = 0;

	if (age < 0)
		age = 0;
	while (age >= ages[a].seconds)
		a++;
	c->all++;
	c->n[s]++;
	c->age[a]++;
	c->total_age += age;
	if (age > c->oldest[s])
		c->oldest[s] = age;
	if (s != DUE)
		return;
	c->due_now += n->due <= c->now;
	if (c->next == 0 || n->due < c->next)
		c->next = n->due;
}

static void
stat_json(struct ops *o, const struct counts *c)
{
	struct json j;

	json_init(&j, &o->out);
	json_open_object(&j, NULL);
	json_number(&j, "new", (int64_t)c->n[NEW]);
	json_number(&j, "due", (int64_t)c->n[DUE]);
	json_number(&j, "due_now", (int64_t)c->due_now);
	json_number(&j, "hold", (int64_t)c->n[HOLD]);
	json_number(&j, "quarantine", (int64_t)c->n[QUARANTINE]);
	json_number(&j, "dead", (int64_t)c->n[DEAD]);
	json_close_object(&j);
	buf_putc(&o->out, '\n');
}

static const char *
put_age(int64_t seconds, char text[32])
{
	if (seconds < 3600)
		snprintf(text, 32, "%lldm%02llds", (long long)seconds / 60,
		    (long long)seconds % 60);
	else if (seconds < 86400)
		snprintf(text, 32, "%lldh%02lldm", (long long)seconds / 3600,
		    (long long)seconds / 60 % 60);
	else
		snprintf(text, 32, "%lldd%02lldh", (long long)seconds / 86400,
		    (long long)seconds / 3600 % 24);
	return text;
}

static void
stat_text(struct ops *o, const struct counts *c)
{
	static const char *const notes[STATES] = {"not tried yet",
	    "wait for another attempt", "kept by an operator",
	    "set aside by the script", "failed; somebody has to look"};
	char text[OPS_TIME];
	size_t most = 1;

	for (int s = 0; s < STATES; s++)
		buf_printf(&o->out, "%-10s %8zu  oldest %-9s %s\n", states[s],
		    c->n[s], c->n[s] ? put_age(c->oldest[s], text) : "-",
		    notes[s]);
	if (c->n[DUE] > 0)
		buf_printf(&o->out, "\n%zu due now, next at %s UTC\n",
		    c->due_now, ops_time(c->next, text));
	if (c->all == 0)
		return;
	for (size_t i = 0; i < AGES; i++)
		most = c->age[i] > most ? c->age[i] : most;
	buf_printf(&o->out, "\nage up to\n");
	for (size_t i = 0; i < AGES; i++) {
		size_t bar = (c->age[i] * BAR + most - 1) / most;

		buf_printf(&o->out, "%-10s %8zu%s", ages[i].text, c->age[i],
		    bar > 0 ? "  " : "");
		while (bar-- > 0)
			buf_putc(&o->out, '#');
		buf_putc(&o->out, '\n');
	}
}

/* --- node_exporter's text format --- */

void
ops_put_metric(struct buf *out, const char *name, const char *type,
    const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
put_ages(struct buf *out, const struct counts *c)
{
	size_t n = 0;

	ops_put_metric(out, "smtpe_queue_age_seconds", "histogram",
	    "Ages of the entries.");
	for (size_t i = 0; i + 1 < AGES; i++) {
		n += c->age[i];
		buf_printf(out, "smtpe_queue_age_seconds_bucket{le=\"%lld\"} "
				"%zu\n",
		    (long long)ages[i].seconds, n);
	}
	buf_printf(out, "smtpe_queue_age_seconds_bucket{le=\"+Inf\"} %zu\n"
			"smtpe_queue_age_seconds_sum %lld\n"
			"smtpe_queue_age_seconds_count %zu\n",
	    c->all, (long long)c->total_age, c->all);
}

static void
put_prometheus(struct ops *o, const struct queue_names *names,
    const struct counts *c, int64_t now)
{
	struct buf *out = &o->out;

	ops_put_metric(out, "smtpe_queue_entries", "gauge", "Entries by state.");
	for (int s = 0; s < STATES; s++)
		buf_printf(out, "smtpe_queue_entries{state=\"%s\"} %zu\n",
		    states[s], c->n[s]);
	ops_put_metric(out, "smtpe_queue_oldest_seconds", "gauge",
	    "Age of the oldest entry by state.");
	for (int s = 0; s < STATES; s++)
		buf_printf(out, "smtpe_queue_oldest_seconds{state=\"%s\"} "
				"%lld\n",
		    states[s], (long long)c->oldest[s]);
	if (c->opened) {
		ops_put_metric(out, "smtpe_queue_octets", "gauge",
		    "Octets of the messages by state.");
		for (int s = 0; s < STATES; s++)
			buf_printf(out, "smtpe_queue_octets{state=\"%s\"} "
					"%llu\n",
			    states[s], (unsigned long long)c->octets[s]);
	}
	ops_put_metric(out, "smtpe_queue_due_now", "gauge",
	    "Entries whose next attempt is due.");
	buf_printf(out, "smtpe_queue_due_now %zu\n", c->due_now);
	put_ages(out, c);
	if (c->opened)
		ops_put_metrics(o, names);
	ops_put_metric(out, "smtpe_queue_stat_time_seconds", "gauge",
	    "When this was counted.");
	buf_printf(out, "smtpe_queue_stat_time_seconds %lld\n",
	    (long long)now);
}

static void
sum_octets(struct ops *o, const struct queue_names *names, struct counts *c)
{
	struct ops_entry e = {0};

	c->opened = names->n <= OPEN_MOST;
	for (size_t i = 0; c->opened && i < names->n; i++) {
		if (ops_open(o, &names->v[i], &e) != OPS_OPENED)
			continue;
		c->octets[state_of(&names->v[i])] += e.out.size;
		ops_close(&e);
	}
	queue_out_free(&e.out);
}

/* A reader sees the old file or the new one. */
static void
write_file(const char *path, struct span text)
{
	struct buf tmp = {0};
	int fd;

	buf_printf(&tmp, "%s.%ld", path, (long)getpid());
	fd = open(buf_cstr(&tmp), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0644);
	if (fd == -1 || file_write_all(fd, text) == -1 || close(fd) == -1 ||
	    rename(buf_cstr(&tmp), path) == -1) {
		int e = errno;

		unlink(buf_cstr(&tmp));
		errno = e;
		die_temp_errno("%s", path);
	}
	buf_free(&tmp);
}

int
ops_stat(struct ops *o, const char *const *args, size_t nargs)
{
	bool prometheus = nargs == 2 && strcmp(args[0], "--prometheus") == 0;
	bool queues = nargs == 1 && strcmp(args[0], "--queues") == 0;
	struct queue_names names = {0};
	int64_t now = clock_wall();
	struct counts c = {.now = now};

	if (nargs > 0 && !prometheus && !queues)
		die_perm("stat takes --queues or --prometheus FILE only");
	/* Numbers alone need no list of a million names. */
	if (!queues && !prometheus) {
		names.take = count_one;
		names.ctx = &c;
	}
	ops_scan_everything(o, &names);
	for (size_t i = 0; i < names.n; i++)
		count_one(&names.v[i], &c);
	if (queues) {
		ops_stat_queues(o, &names);
	} else if (prometheus) {
		sum_octets(o, &names, &c);
		put_prometheus(o, &names, &c, now);
		write_file(args[1], buf_span(&o->out));
		buf_reset(&o->out);
	} else if (o->json) {
		stat_json(o, &c);
	} else {
		stat_text(o, &c);
	}
	ops_flush(o);
	queue_names_free(&names);
	return 0;
}
