/* checkpw_file: see checkpw_file.h. */
#include "checkpw_file.h"
#include "authusers.h"
#include "file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file about to be replaced. */
struct change {
	struct arena arena;
	const char *path; /* no symbolic link */
	const char *next; /* beside it; while the directory is locked ours */
	int dir;
	int fd;		  /* of next */
};

static int
failed(const char *path, struct buf *err)
{
	int e = errno;

	buf_printf(err, "%s: %s", path, strerror(e));
	return -1;
}

/* The file that a link stands for; itself when it does not exist. */
static void
resolve(struct change *c, const char *path)
{
	char *real = realpath(path, NULL);

	c->path = arena_cstr(&c->arena, span_of(real ? real : path));
	c->next = arena_printf(&c->arena, "%s.new", c->path).p;
	free(real);
}

static int
lock_directory(struct change *c)
{
	struct span path = span_of(c->path);
	size_t slash = span_rchr(path, '/');
	const char *dir = ".";

	if (slash < path.n)
		dir = arena_cstr(&c->arena, span_head(path, slash + 1));
	c->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return c->dir == -1 || flock(c->dir, LOCK_EX) == -1 ? -1 : 0;
}

/* The new file is its owner's alone until it has the old one's mode. */
static int
create(struct change *c)
{
	struct stat st;
	bool there = stat(c->path, &st) == 0;

	if (!there && errno != ENOENT)
		return -1;
	/* One that an interrupted change left. */
	if (unlink(c->next) == -1 && errno != ENOENT)
		return -1;
	c->fd = open(c->next, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (c->fd == -1)
		return -1;
	if (there && (fchown(c->fd, st.st_uid, st.st_gid) == -1 ||
	    fchmod(c->fd, st.st_mode & 0666) == -1))
		return -1;
	return 0;
}

static int
start(struct change *c, const char *path, struct buf *err)
{
	*c = (struct change){.dir = -1, .fd = -1};
	resolve(c, path);
	return lock_directory(c) == -1 ? failed(c->path, err) : 0;
}

/* result -1: nothing has happened. */
static int
end(struct change *c, int result, struct buf *err)
{
	if (result == 0 && (fsync(c->fd) == -1 ||
	    rename(c->next, c->path) == -1 || fsync(c->dir) == -1))
		result = failed(c->path, err);
	if (result != 0 && c->fd != -1)
		unlink(c->next);
	if (c->fd != -1)
		close(c->fd);
	if (c->dir != -1)
		close(c->dir);
	arena_free(&c->arena);
	return result;
}

static void
put_line(struct buf *out, struct span user, struct span value)
{
	buf_put(out, user);
	buf_putc(out, ':');
	buf_put(out, value);
	buf_putc(out, '\n');
}

/* The file's text with the change; returns whether the user was there. */
static bool
edit(struct span old, struct span user, struct span value, struct buf *out)
{
	struct span line, name, rest;
	bool found = false;

	while (old.n > 0 && span_cut(&old, '\n', &line)) {
		rest = span_trim(line);
		span_cut(&rest, ':', &name);
		if (rest.p == NULL || !span_eq(name, user)) {
			buf_put(out, line);
			buf_putc(out, '\n');
		} else {
			if (!found && value.p != NULL)
				put_line(out, user, value);
			found = true;
		}
	}
	if (!found && value.p != NULL)
		put_line(out, user, value);
	return found;
}

int
checkpw_file_change(const char *path, struct span user, struct span value,
    struct buf *err)
{
	struct buf old = {0}, new = {0};
	struct change c;
	int r = start(&c, path, err);

	if (r == 0 && file_read_at(AT_FDCWD, c.path, AUTHUSERS_MAX, &old) ==
	    -1 && errno != ENOENT)
		r = failed(c.path, err);
	if (r == 0 && !edit(buf_span(&old), user, value, &new) &&
	    value.p == NULL)
		r = 1;
	if (r == 0 && (create(&c) == -1 ||
	    file_write_all(c.fd, buf_span(&new)) == -1))
		r = failed(c.path, err);
	r = end(&c, r, err);
	buf_free(&old);
	buf_free(&new);
	return r;
}

static bool
next_record(void *from, struct span *key, struct span *value)
{
	struct span *rest = from;

	return authusers_next(rest, key, value);
}

int
checkpw_file_compile(const char *from, const char *to, struct buf *err)
{
	struct buf text = {0};
	struct span rest;
	struct change c;
	int r;

	if (file_read_at(AT_FDCWD, from, SIZE_MAX / 4, &text) == -1)
		return failed(from, err);
	rest = buf_span(&text);
	if (authusers_check(from, rest, err) == -1)
		return -1;
	r = start(&c, to, err);
	if (r == 0 && (create(&c) == -1 ||
	    cdbmap_make(c.fd, next_record, &rest) == -1))
		r = failed(c.path, err);
	r = end(&c, r, err);
	buf_free(&text);
	return r;
}
