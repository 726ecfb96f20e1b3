/*
 * ops_export: copies of entries in a Maildir (ops.h), lines ending in LF, with
 * the envelope in front. The queue stays as it is; a name that is there
 * already is that entry's and is left.
 */
#include "compose.h"
#include "clock.h"
#include "die.h"
#include "file.h"
#include "maildir.h"
#include "ops_select.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static void
put_field(struct buf *out, const char *name, struct span value)
{
	buf_printf(out, "%s: <", name);
	buf_put(out, value);
	buf_puts(out, ">\n");
}

/* All of it as it leaves: 0, or -1 and errno. */
static int
write_message(int fd, struct ops_entry *e)
{
	const struct envelope *env = &e->out.env;
	struct compose c = {0};
	struct buf out = {0};
	struct span piece;
	bool cr = false;
	int r = 0;

	put_field(&out, "Return-Path", env->sender);
	for (size_t i = 0; i < env->nrcpts; i++)
		put_field(&out, "X-Envelope-To", env->rcpts[i].address);
	compose_start(&c, e->out.fd, e->out.size, NULL, env);
	do {
		if (file_write_all(fd, buf_span(&out)) == -1) {
			r = -1;
			break;
		}
		buf_reset(&out);
		if ((r = compose_next(&c, &piece)) == 1)
			crlf_to_lf(piece, &cr, &out);
	} while (r == 1);
	compose_free(&c);
	buf_free(&out);
	return r;
}

static int
export_one(struct ops *o, int dir, struct ops_entry *e)
{
	struct buf host = {0}, name = {0}, tmp = {0}, new = {0};
	int fd, r = -1;

	maildir_host(o->controls->me, &host);
	maildir_name(e->out.env.received_us / 1000000,
	    span_of(e->out.name.id), 1, e->out.env.rcpts[0].address,
	    buf_span(&host), &name);
	buf_printf(&tmp, "tmp/%s", buf_cstr(&name));
	buf_printf(&new, "new/%s", buf_cstr(&name));
	fd = openat(dir, buf_cstr(&tmp),
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd != -1) {
		r = write_message(fd, e);
		if (r == 0)
			r = fsync(fd);
		close(fd);
	}
	if (r == 0)
		r = renameat(dir, buf_cstr(&tmp), dir, buf_cstr(&new));
	buf_free(&host);
	buf_free(&name);
	buf_free(&tmp);
	buf_free(&new);
	return r;
}

static int
open_maildir(const char *path)
{
	static const char *const parts[] = {"tmp", "new", "cur"};
	struct buf sub = {0};
	int fd;

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (file_mkdirs(file_path(&sub, path, parts[i])) == -1 &&
		    errno != EEXIST)
			die_temp_errno("%s", buf_cstr(&sub));
	buf_free(&sub);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		die_temp_errno("%s", path);
	return fd;
}

int
ops_export(struct ops *o, const char *const *args, size_t nargs)
{
	struct queue_names names = {0};
	struct ops_entry e = {0};
	int64_t now = clock_wall();
	size_t done = 0;
	int dir, status = 0;

	if (nargs != 1)
		die_perm("export takes a directory, and selectors");
	dir = open_maildir(args[0]);
	ops_scan_everything(o, &names);
	for (size_t i = 0; i < names.n; i++) {
		if (ops_open(o, &names.v[i], &e) != OPS_OPENED)
			continue;
		if (e.damage == NULL &&
		    selection_match(o->selection, &e, now)) {
			if (export_one(o, dir, &e) == -1)
				die_temp_errno("%s", e.out.path);
			done++;
		} else if (e.damage != NULL) {
			ops_say(e.out.path, e.damage);
			status = EXIT_TEMP;
		}
		ops_close(&e);
	}
	fsync(dir);
	close(dir);
	buf_printf(&o->out, "%zu entries\n", done);
	ops_flush(o);
	queue_out_free(&e.out);
	queue_names_free(&names);
	return status;
}
