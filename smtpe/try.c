/* try: see try.h. */
#include "try.h"
#include "die.h"
#include "file.h"
#include <errno.h>
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

int
try_check(struct session *s, const char *script)
{
	struct controls *c = &s->controls;
	struct buf out = {0};
	bool good = true;

	buf_printf(&out, "controls: %s\n", c->dir);
	for (int i = 0; i < CONTROL_N; i++)
		if (c->origin[i] != FROM_DEFAULT)
			buf_printf(&out, "control: %s\n",
			    control_rows[i].name);
	good &= check_table(&out, &s->morercpthosts);
	good &= check_table(&out, &s->recipients);
	if (!s->dry_run)
		good &= check_queue(&out, c->queuedir);
	buf_printf(&out, "script: %s\n",
	    script != NULL ? script : "none");
	list_hooks(&out, s->hooks);
	if (hook_misspelt() > 0) {
		buf_printf(&out, "problem: %u names in the table hook are no "
		    "stage, see above\n", hook_misspelt());
		good = false;
	}
	buf_puts(&out, good ? "ok\n" : "not ok\n");
	if (file_write_all(s->io.wfd, buf_span(&out)) == -1)
		good = false;
	buf_free(&out);
	return good ? 0 : EXIT_TEMP;
}

static char dry_dir[256];

void
try_dry_start(struct session *s)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dry_dir, sizeof dry_dir, "%s/smtpe-dry.XXXXXX",
	    tmp != NULL && *tmp != '\0' ? tmp : "/tmp");
	if (mkdtemp(dry_dir) == NULL)
		die_temp_errno("%s", dry_dir);
	s->controls.queuedir = dry_dir;
	s->dry_run = true;
}

void
try_dry_end(struct session *s)
{
	char path[sizeof dry_dir + 8];

	if (!s->dry_run)
		return;
	snprintf(path, sizeof path, "%s/tmp", dry_dir);
	rmdir(path);
	rmdir(dry_dir);
}
