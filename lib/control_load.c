/*
 * control_load: values from the directory, the environment and -o, in this
 * order, and the defaults that depend on the host.
 *
 * One readdir pass finds the files that are settings; only they are opened.
 * A process per connection pays for what somebody set, not for the table.
 */
#include "control_value.h"
#include "dir.h"
#include "file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (4u << 20)
#define PREFIX	 "SMTPE_"

/* ": "VALUE" is not a size", behind what names the source. */
static int
report(struct buf *err, enum control_id id, const struct control_fault *fault)
{
	buf_puts(err, ": ");
	control_quote(err, id, fault->value);
	buf_printf(err, " %s", fault->text);
	return -1;
}

static int
report_file(const struct controls *c, const char *name, const char *text,
    struct buf *err)
{
	buf_printf(err, "%s/%s: %s", c->dir, name, text);
	return -1;
}

/* Was it there when the directory was read and is gone now? Then nobody set
 * it. A symbolic link to nowhere is still there. */
static bool
is_gone(int dirfd, const char *name)
{
	struct stat st;
	int e = errno;
	bool gone = fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1 &&
	    errno == ENOENT;

	errno = e;
	return gone;
}

/* A NUL anywhere means that this is no text: its line, or 0. */
static size_t
line_with_nul(struct span text, struct span *line)
{
	size_t n = 0;

	while (span_cut(&text, '\n', line)) {
		n++;
		if (span_chr(*line, '\0') < line->n)
			return n;
	}
	return 0;
}

static int
load_text(struct controls *c, enum control_id id, struct span text,
    struct buf *err)
{
	struct control_fault fault = {0, {NULL, 0}, "holds a NUL"};

	if (span_chr(text, '\0') < text.n)
		fault.line = line_with_nul(text, &fault.value);
	else if (control_put(c, id, text, STYLE_FILE, FROM_FILE, &fault) == 0)
		return 0;
	buf_printf(err, "%s/%s:%zu", c->dir, control_rows[id].name,
	    fault.line);
	return report(err, id, &fault);
}

/* A file that only one program may read: where it is. */
static int
load_path(struct controls *c, enum control_id id, struct buf *err)
{
	/* A path that does not look like one may be the secret itself. */
	struct span path = arena_printf(&c->arena, "%s%s/%s",
	    c->dir[0] == '/' || c->dir[0] == '.' ? "" : "./", c->dir,
	    control_rows[id].name);
	struct control_fault fault;

	if (control_put(c, id, path, STYLE_WORD, FROM_FILE, &fault) == 0)
		return 0;
	return report_file(c, control_rows[id].name, fault.text, err);
}

/* text is there to be used again for the next file. */
static int
load_file(struct controls *c, int dirfd, enum control_id id, struct buf *text,
    struct buf *err)
{
	const char *name = control_rows[id].name;

	if (control_is_file(id))
		return load_path(c, id, err);
	buf_reset(text);
	if (file_read_at(dirfd, name, FILE_MAX, text) == 0)
		return load_text(c, id, buf_span(text), err);
	if (errno == EISDIR || errno == EINVAL || errno == ENXIO)
		return report_file(c, name, "is not a regular file", err);
	if (errno == EFBIG)
		return report_file(c, name, "is larger than 4 MiB", err);
	if (errno == ENOENT && is_gone(dirfd, name))
		return 0;
	return report_file(c, name, strerror(errno), err);
}

/* Only a row's own name is a file; aliases are for scripts and -o. Of a FILE
 * its table is as good as itself. */
static int
find_file(const char *name)
{
	struct span own = span_of(name), end = SPAN(".cdb");
	bool table = span_iends(own, end);
	int id;

	if (table)
		own.n -= end.n;
	id = control_find(own);
	if (id == -1 || !span_eq(span_of(control_rows[id].name), own) ||
	    (table && !control_is_file((enum control_id)id)))
		return -1;
	return id;
}

static int
report_dir(const struct controls *c, int e, struct buf *err)
{
	buf_printf(err, "control directory %s: %s", c->dir, strerror(e));
	return -1;
}

/* A table that is looked for only where it is. */
static bool
is_access(const char *name)
{
	return strcmp(name, "access") == 0 || strcmp(name, "access.cdb") == 0;
}

/* every: goes on after a file that cannot be used, with a line for each. */
static int
load_dir(struct controls *c, bool every, struct buf *err)
{
	struct buf text = {0};
	struct dir d;
	const char *name;
	int result = 0;

	if (dir_open(&d, c->dir) == -1)
		return errno == ENOENT && !c->dir_given ?
		    0 : report_dir(c, errno, err);
	while ((result == 0 || every) && (name = dir_next(&d)) != NULL) {
		int id = find_file(name);

		if (id == -1 && is_access(name))
			c->has_access = true;
		else if (id == -1 &&
		    span_iends(span_of(name), SPAN(".cdb")))
			c->tables = true;
		if (id == -1 ||
		    load_file(c, d.fd, (enum control_id)id, &text, err) == 0)
			continue;
		result = -1;
		if (every)
			buf_putc(err, '\n');
	}
	if (result == 0 && d.error != 0)
		result = report_dir(c, d.error, err);
	buf_free(&text);
	dir_close(&d);
	return result;
}

static char
upper(char c)
{
	if (c == '.' || c == '-')
		return '_';
	return c >= 'a' && c <= 'z' ? (char)(c & ~0x20) : c;
}

/* The row whose variable this is, without the prefix, or -1. */
static int
find_variable(struct span variable)
{
	for (size_t i = 0; i < CONTROL_N; i++) {
		const char *name = control_rows[i].name;
		size_t j = 0;

		while (name[j] != '\0' && j < variable.n &&
		    upper(name[j]) == variable.p[j])
			j++;
		if (name[j] == '\0' && j == variable.n)
			return (int)i;
	}
	return -1;
}

void
control_variable(struct buf *out, const char *name)
{
	buf_puts(out, PREFIX);
	for (; *name != '\0'; name++)
		buf_putc(out, upper(*name));
}

/* Other variables with our prefix are no concern of ours: launchers and
 * test suites have their own. */
static int
load_environment(struct controls *c, struct buf *err)
{
	for (char **e = environ; e != NULL && *e != NULL; e++) {
		struct control_fault fault;
		struct span name;
		struct span value;
		size_t n = sizeof PREFIX - 1;
		int id;

		if (strncmp(*e, PREFIX, n) != 0)
			continue;
		value = span_of(*e + n);
		if (!span_cut(&value, '=', &name) || value.p == NULL)
			continue;
		id = find_variable(name);
		if (id == -1 ||
		    control_put(c, (enum control_id)id, value, STYLE_WORD,
			FROM_ENVIRONMENT, &fault) == 0)
			continue;
		control_variable(err, control_rows[id].name);
		return report(err, (enum control_id)id, &fault);
	}
	return 0;
}

static int
load_option(struct controls *c, struct span option, struct buf *err)
{
	struct control_fault fault;
	struct span name;
	struct span value = option;
	int id;

	span_cut(&value, '=', &name);
	buf_puts(err, "-o ");
	if (value.p == NULL) {
		control_quote(err, CONTROL_N, name);
		buf_puts(err, " is not name=value");
		return -1;
	}
	id = control_find(name);
	if (id == -1) {
		control_quote(err, CONTROL_N, name);
		buf_puts(err, " is no control");
		control_suggest(err, name);
		return -1;
	}
	if (control_put(c, (enum control_id)id, value, STYLE_WORD,
		FROM_OPTION, &fault) == -1) {
		buf_put(err, name);
		return report(err, (enum control_id)id, &fault);
	}
	buf_reset(err);
	return 0;
}

int
control_derive(struct controls *c, struct buf *err)
{
	struct control_fault fault;
	struct buf locals = {0};
	char host[256];

	if (c->me.p == NULL) {
		if (gethostname(host, sizeof host) == -1)
			host[0] = '\0';
		host[sizeof host - 1] = '\0';
		if (!control_is_host(span_of(host))) {
			buf_puts(err, "me: this host's own name ");
			control_quote(err, CONTROL_me, span_of(host));
			buf_puts(err, " cannot be used");
			return -1;
		}
		control_put(c, CONTROL_me, span_of(host), STYLE_WORD,
		    FROM_DEFAULT, &fault);
	}
	if (c->localiphost.p == NULL)
		control_put(c, CONTROL_localiphost, c->me, STYLE_WORD,
		    FROM_DEFAULT, &fault);
	if (!c->locals.set && c->locals.n == 0) {
		buf_put(&locals, c->me);
		buf_puts(&locals, "\nlocalhost");
		control_put(c, CONTROL_locals, buf_span(&locals), STYLE_WORD,
		    FROM_DEFAULT, &fault);
		buf_free(&locals);
	}
	return 0;
}

int
control_load(struct controls *c, const char *dir, const char *const *options,
    size_t noptions, struct buf *err, bool *usage)
{
	*c = (struct controls){0};
	*usage = false;
	control_put_defaults(c);
	if (dir == NULL)
		dir = getenv(PREFIX "CONTROL");
	c->dir_given = dir != NULL;
	c->dir = dir == NULL ? CONTROL_DIR :
			       arena_cstr(&c->arena, span_of(dir));
	if (load_dir(c, false, err) == -1 || load_environment(c, err) == -1)
		return -1;
	for (size_t i = 0; i < noptions; i++)
		if (load_option(c, span_of(options[i]), err) == -1) {
			*usage = true;
			return -1;
		}
	return control_derive(c, err);
}

bool
control_check_dir(const char *dir, struct buf *out)
{
	struct controls c = {.dir = dir};
	bool good;

	control_put_defaults(&c);
	good = load_dir(&c, true, out) == 0;
	arena_free(&c.arena);
	return good;
}

const char *const *
control_environment(struct controls *c)
{
	const char **v = arena_alloc(&c->arena,
	    (CONTROL_N + 3) * sizeof *v);
	const char *path = getenv("PATH");
	struct buf b = {0};
	size_t n = 0;

	v[n++] = arena_printf(&c->arena, "PATH=%s",
	    path != NULL ? path : "/usr/local/bin:/usr/bin:/bin").p;
	/* The default directory may be missing, a named one may not. */
	if (c->dir_given)
		v[n++] = arena_printf(&c->arena, PREFIX "CONTROL=%s",
		    c->dir).p;
	for (size_t i = 0; i < CONTROL_N; i++) {
		if (c->origin[i] != FROM_ENVIRONMENT &&
		    c->origin[i] != FROM_OPTION)
			continue;
		buf_reset(&b);
		control_variable(&b, control_rows[i].name);
		buf_putc(&b, '=');
		buf_put(&b, c->text[i]);
		v[n++] = arena_cstr(&c->arena, buf_span(&b));
	}
	v[n] = NULL;
	buf_free(&b);
	return v;
}
