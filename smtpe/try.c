/* try: see try.h. */
#include "try.h"
#include "access.h"
#include "auth.h"
#include "command.h"
#include "die.h"
#include "dir.h"
#include "domain_config.h"
#include "file.h"
#include "queue_config.h"
#include "smarthost.h"
#include "starttls.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
check_table(struct buf *out, struct cdbmap *map)
{
	struct arena a = {0};
	struct span value;
	bool good = cdbmap_find(map, SPAN("postmaster"), &a, &value) != -1;

	if (!good)
		buf_printf(out, "problem: %s: %s\n", map->path,
		    strerror(errno));
	else if (map->cdb != NULL)
		buf_printf(out, "table: %s\n", map->path);
	arena_free(&a);
	return good;
}

static const char *
wrong_domain(struct span value, struct arena *a, struct span *bad)
{
	struct domain_config c = {0};

	(void)a;
	return domain_config_parse(value, &c, bad);
}

static const char *
wrong_queue(struct span value, struct arena *a, struct span *bad)
{
	struct queue_config c = {0};

	return queue_config_parse(value, a, &c, bad);
}

/* The same, and that each value of it can be used. */
static bool
check_values(struct buf *out, struct cdbmap *map,
    const char *(*wrong)(struct span, struct arena *, struct span *))
{
	struct span key, value, bad;
	struct arena a = {0};
	const char *why;
	bool good = check_table(out, map);
	unsigned at = 0;
	int r = good && map->cdb != NULL ? 1 : 0;

	while (r == 1 && (r = cdbmap_next(map, &at, &key, &value)) == 1) {
		if ((why = wrong(value, &a, &bad)) != NULL) {
			buf_printf(out, "problem: %s: %.*s: %.*s %s\n",
			    map->path, SPAN_ARG(key), SPAN_ARG(bad), why);
			good = false;
		}
		arena_reset(&a);
	}
	if (r == -1)
		buf_printf(out, "problem: %s: %s\n", map->path,
		    strerror(errno));
	arena_free(&a);
	return good && r != -1;
}

static bool
check_queue(struct buf *out, const char *dir)
{
	struct stat st;

	if (stat(dir, &st) == -1 && errno == ENOENT) {
		buf_printf(out, "queue: %s (will be made)\n", dir);
		return true;
	}
	if (access(dir, R_OK | W_OK | X_OK) == -1) {
		buf_printf(out, "problem: %s: %s\n", dir, strerror(errno));
		return false;
	}
	buf_printf(out, "queue: %s\n", dir);
	return true;
}

static void
list_hooks(struct buf *out, const struct hooks *h)
{
	for (int i = 0; i < HOOK_N; i++) {
		struct buf where = {0};

		if (hook_where(h, (enum hook_id)i, &where))
			buf_printf(out, "hook: %s (%.*s)\n",
			    hook_name((enum hook_id)i),
			    SPAN_ARG(buf_span(&where)));
		buf_free(&where);
	}
}

/* Files that have almost a setting's name. */
static void
list_strays(struct buf *out, const struct controls *c)
{
	struct buf shown = {0};
	struct span rest, line;

	control_show(c, &shown);
	rest = buf_span(&shown);
	while (rest.n > 0 && span_cut(&rest, '\n', &line))
		if (span_istarts(line, SPAN("# ")) &&
		    span_iends(line, SPAN("?")))
			buf_printf(out, "note: %.*s\n",
			    SPAN_ARG(span_skip(line, 2)));
	buf_free(&shown);
}

static void
put_problems(struct buf *out, struct span lines)
{
	struct span line;

	while (lines.n > 0 && span_cut(&lines, '\n', &line))
		if (line.n > 0)
			buf_printf(out, "problem: %.*s\n", SPAN_ARG(line));
}

/* The last line, and all of it to whoever asked. */
static int
end_check(struct session *s, struct buf *out, bool good)
{
	buf_puts(out, good ? "ok\n" : "not ok\n");
	if (file_write_all(s->io.wfd, buf_span(out)) == -1)
		good = false;
	buf_free(out);
	return good ? 0 : EXIT_TEMP;
}

void
try_check_controls(struct session *s)
{
	const char *dir = s->controls.dir;
	struct buf out = {0}, problems = {0};

	if (dir == NULL)
		return;
	buf_printf(&out, "controls: %s\n", dir);
	control_check_dir(dir, &problems);
	put_problems(&out, buf_span(&problems));
	buf_free(&problems);
	end_check(s, &out, false);
}

static bool
check_hooks(struct buf *out, const struct hooks *h)
{
	list_hooks(out, h);
	if (hook_misspelt() > 0)
		buf_printf(out, "problem: names in the table hook that are no "
		    "stage: %u, see the log\n", hook_misspelt());
	if (hook_replaced() > 0)
		buf_printf(out, "problem: functions of hook that another one "
		    "replaces: %u, see the log\n", hook_replaced());
	return hook_misspelt() + hook_replaced() == 0;
}

static bool
check_tls(struct buf *out, const struct session *s)
{
	struct buf err = {0};
	bool good = starttls_check(s, &err);

	put_problems(out, buf_span(&err));
	buf_free(&err);
	return good;
}

static bool
check_smarthost(struct buf *out, struct session *s)
{
	struct buf err = {0};
	bool good = smarthost_check(s, &err);

	put_problems(out, buf_span(&err));
	buf_free(&err);
	return good;
}

static bool
check_auth(struct buf *out, struct session *s)
{
	struct buf problems = {0};
	bool good = auth_verify(s, &problems);

	put_problems(out, buf_span(&problems));
	buf_free(&problems);
	return good;
}

int
try_check(struct session *s, const char *script, const char *error)
{
	struct controls *c = &s->controls;
	struct buf out = {0};
	bool good = error == NULL;

	buf_printf(&out, "controls: %s\n", c->dir);
	for (int i = 0; i < CONTROL_N; i++)
		if (c->origin[i] != FROM_DEFAULT)
			buf_printf(&out, "control: %s\n",
			    control_rows[i].name);
	list_strays(&out, c);
	good &= check_table(&out, &s->morercpthosts);
	good &= check_table(&out, &s->recipients);
	good &= check_values(&out, &s->domains_cdb, wrong_domain);
	good &= check_values(&out, &s->queues_cdb, wrong_queue);
	good &= access_verify(s, &out);
	good &= check_table(&out, &s->senderlogin);
	good &= check_tls(&out, s);
	good &= check_auth(&out, s);
	good &= check_smarthost(&out, s);
	if (!s->dry_run)
		good &= check_queue(&out, c->queuedir);
	buf_printf(&out, "script: %s\n",
	    script != NULL ? script : "none");
	if (error != NULL)
		buf_printf(&out, "problem: %s\n", error);
	else
		good &= check_hooks(&out, s->hooks);
	return end_check(s, &out, good);
}

void
try_show_line(const struct session *s, struct span line)
{
	struct span argument, shown = span_head(line, 200);
	const struct command *c = command_find(line, &argument);
	struct buf out = {0};

	/* A secret, and what may be one: the lines after an AUTH. */
	if (c != NULL && span_eq(c->verb, SPAN("AUTH")))
		shown = SPAN("AUTH (secret)");
	else if (c == NULL && s->saw_auth)
		shown = SPAN("(no command)");
	buf_puts(&out, "trace: > ");
	for (size_t i = 0; i < shown.n; i++)
		buf_putc(&out, (unsigned char)shown.p[i] < ' ' ||
			(unsigned char)shown.p[i] >= 0x7f ? '?' : shown.p[i]);
	buf_puts(&out, shown.n < line.n && shown.p == line.p ? "...\n" : "\n");
	/* Nobody reads it: the session goes on all the same. */
	(void)file_write_all(2, buf_span(&out));
	buf_free(&out);
}

/* --- the dry run --- */

#define DEPTH 8 /* of directories; a policy's memory has four */

static char dry_dir[256], dry_queue[sizeof dry_dir + 8],
    dry_state[sizeof dry_dir + 8];

static void remove_tree(const char *path, int depth);

static void
remove_below(const char *path, int depth)
{
	char below[1024];
	struct dir d;
	const char *name;

	if (dir_open(&d, path) == -1)
		return;
	while ((name = dir_next(&d)) != NULL) {
		size_t n = strlen(path), m = strlen(name);

		if (n + m + 2 > sizeof below)
			continue;
		memcpy(below, path, n);
		below[n] = '/';
		memcpy(below + n + 1, name, m + 1);
		/* A link is removed and never followed. */
		if (unlink(below) == -1)
			remove_tree(below, depth + 1);
	}
	dir_close(&d);
}

/* No memory is taken: we may be in a signal handler. Some filesystems skip
 * names while others go. */
static void
remove_tree(const char *path, int depth)
{
	for (int pass = 0; pass < 3 && depth < DEPTH; pass++) {
		remove_below(path, depth);
		if (rmdir(path) == 0 || errno != ENOTEMPTY)
			return;
	}
}

/* Until the session has its own way of ending (io_stop_on_signals). */
static void
on_signal(int sig)
{
	(void)sig;
	remove_tree(dry_dir, 0);
	_exit(EXIT_TEMP);
}

static void
make_dry_dir(void)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
	struct sigaction sa = {.sa_handler = on_signal}, old;
	const char *tmp = getenv("TMPDIR");
	sigset_t set, before;

	snprintf(dry_dir, sizeof dry_dir, "%s/smtpe-dry.XXXXXX",
	    tmp != NULL && *tmp != '\0' ? tmp : "/tmp");
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, &before);
	if (mkdtemp(dry_dir) == NULL)
		die_temp_errno("%s", dry_dir);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (sigaction(signals[i], &sa, &old) == 0 &&
		    old.sa_handler == SIG_IGN)
			sigaction(signals[i], &old, NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

void
try_dry_start(struct session *s)
{
	struct controls *c = &s->controls;

	make_dry_dir();
	s->dry_run = true;
	snprintf(dry_queue, sizeof dry_queue, "%s/queue", dry_dir);
	snprintf(dry_state, sizeof dry_state, "%s/state", dry_dir);
	c->queuedir = dry_queue;
	c->text[CONTROL_queuedir] = span_of(dry_queue);
	if (c->origin[CONTROL_statedir] == FROM_OPTION ||
	    c->origin[CONTROL_statedir] == FROM_ENVIRONMENT)
		return;
	c->statedir = dry_state;
	c->text[CONTROL_statedir] = span_of(dry_state);
}

void
try_dry_end(struct session *s)
{
	if (s->dry_run)
		remove_tree(dry_dir, 0);
}
