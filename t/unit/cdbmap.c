/* Constant databases: there, not there, damaged. */
#include "buf.h"
#include "cdbmap.h"
#include "file.h"
#include "tap.h"
#include <cdb.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct arena arena;
static char dir[] = "/tmp/cdbmap.XXXXXX";
static char path[64];

static void
make(const char *name, const char *value)
{
	struct cdb_make m;
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool good = fd != -1 && cdb_make_start(&m, fd) == 0;

	good = good && cdb_make_add(&m, "key", 3, value,
			   (unsigned)strlen(value)) == 0;
	good = good && cdb_make_add(&m, "empty", 5, "", 0) == 0;
	good = good && cdb_make_add(&m, "", 0, "nokey", 5) == 0;
	good = good && cdb_make_add(&m, "a\0b", 3, "n\0l", 3) == 0;
	good = good && cdb_make_finish(&m) == 0;
	ok(good, "a table is made");
	close(fd);
}

static void
spoil(struct span contents)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd == -1 || file_write_all(fd, contents) == -1)
		ok(false, "a damaged table is written");
	close(fd);
}

/* A table that is opened for this look-up alone. */
static int
find_once(struct span key, struct span *value)
{
	struct cdbmap m = {.path = path};
	int found = cdbmap_find(&m, key, &arena, value), e = errno;

	cdbmap_close(&m);
	errno = e;
	return found;
}

static void
look_up(void)
{
	struct cdbmap m = {.path = path};
	struct span v = SPAN("old");
	char other[80];

	is_int(cdbmap_find(&m, SPAN("key"), &arena, &v), 0, "no file: empty");
	make(path, "value");
	is_int(cdbmap_find(&m, SPAN("key"), &arena, &v), 0,
	    "a file that comes later is not looked for");
	is_span(v, SPAN("old"), "... and no value");
	cdbmap_close(&m);
	is_int(cdbmap_find(&m, SPAN("key"), &arena, &v), 1, "found");
	is_span(v, SPAN("value"), "... value");
	is_int(cdbmap_find(&m, SPAN("Key"), &arena, &v), 0, "not found");
	is_int(cdbmap_find(&m, SPAN("ke"), &arena, &v), 0, "not a prefix");
	is_int(cdbmap_find(&m, SPAN("empty"), &arena, &v), 1, "empty value");
	is_span(v, SPAN(""), "... is empty");
	is_int(cdbmap_find(&m, SPAN(""), &arena, &v), 1, "empty key");
	is_span(v, SPAN("nokey"), "... value");
	is_int(cdbmap_find(&m, SPAN("a\0b"), &arena, &v), 1, "NUL in the key");
	is_span(v, SPAN("n\0l"), "... and in the value");

	snprintf(other, sizeof other, "%s.new", path);
	make(other, "new");
	ok(rename(other, path) == 0, "a new table takes its place");
	is_int(cdbmap_find(&m, SPAN("key"), &arena, &v), 1, "still open");
	is_span(v, SPAN("value"), "... is the old one");
	cdbmap_close(&m);
	is_int(cdbmap_find(&m, SPAN("key"), &arena, &v), 1, "opened again");
	is_span(v, SPAN("new"), "... is the new one");
	cdbmap_close(&m);
	cdbmap_close(&m);
}

/* Every record, in the file's order; what is given lies in the mapping. */
static void
walk(void)
{
	struct cdbmap m = {.path = path};
	struct span key, value, v;
	struct buf seen = {0};
	unsigned at = 0, other = 0;

	is_int(cdbmap_open(&m), 1, "opened");
	is_int(cdbmap_look(&m, SPAN("key"), &v), 1, "looked up");
	while (cdbmap_next(&m, &at, &key, &value) == 1) {
		buf_put(&seen, key);
		buf_putc(&seen, '=');
		buf_put(&seen, value);
		buf_putc(&seen, ';');
		/* Look-ups in between disturb nothing. */
		cdbmap_look(&m, SPAN("empty"), &value);
	}
	is_span(buf_span(&seen), SPAN("key=new;empty=;=nokey;a\0b=n\0l;"),
	    "every record");
	is_int(cdbmap_next(&m, &at, &key, &value), 0, "none behind the last");
	is_int(cdbmap_next(&m, &other, &key, &value), 1, "another walk");
	is_span(key, SPAN("key"), "... begins at the first");
	is_span(v, SPAN("new"), "the value is still there");
	cdbmap_close(&m);

	m.path = "/nonexistent/table.cdb";
	at = 0;
	is_int(cdbmap_open(&m), 0, "no file");
	is_int(cdbmap_next(&m, &at, &key, &value), 0, "... no records");
	cdbmap_close(&m);
	buf_free(&seen);
}

static void
refused(int want, const char *name)
{
	struct span v;

	errno = 0;
	is_int(find_once(SPAN("key"), &v), -1, name);
	is_int(errno, want, "... errno");
}

/* Through a table that is damaged: to its end or to an error. */
static void
walk_once(int *wrong, size_t size)
{
	struct cdbmap m = {.path = path};
	struct span key, value;
	unsigned at = 0;
	size_t n = 0;

	while (cdbmap_next(&m, &at, &key, &value) == 1 && n++ <= size)
		*wrong += key.n + value.n > size;
	*wrong += n > size;
	cdbmap_close(&m);
}

static void
damage(void)
{
	struct buf whole = {0};
	char *copy;
	struct span v;
	int right = 0, lost = 0, wrong = 0;

	is_int(file_read_at(AT_FDCWD, path, 1 << 20, &whole), 0, "read back");
	spoil(SPAN(""));
	refused(EPROTO, "an empty file is damaged, not empty");
	spoil(SPAN("key:value\n"));
	refused(EPROTO, "a text file");
	spoil(span_head(buf_span(&whole), 2048));
	refused(EPROTO, "a table without its end");

	copy = malloc(whole.n);
	for (size_t i = 0; i < whole.n; i++) {
		int found;

		memcpy(copy, whole.p, whole.n);
		copy[i] = (char)(copy[i] ^ 0xff);
		spoil(span_make(copy, whole.n));
		found = find_once(SPAN("key"), &v);
		right += found == 1 && span_eq(v, SPAN("new"));
		lost += found <= 0;
		wrong += found == 1 && v.n > whole.n;
		walk_once(&wrong, whole.n);
	}
	free(copy);
	is_int(wrong, 0, "an octet that is turned never gives too much");
	ok(right > 2000, "most do not matter for this key");
	ok(lost > 10, "some lose it or are found");
	for (size_t n = 0; n < whole.n; n += 7) {
		spoil(span_head(buf_span(&whole), n));
		find_once(SPAN("key"), &v);
		walk_once(&wrong, whole.n);
	}
	is_int(wrong, 0, "nor does the walk");
	ok(true, "cut anywhere, nothing breaks");
	buf_free(&whole);

	unlink(path);
	ok(mkdir(path, 0700) == 0, "a directory");
	refused(EISDIR, "... is no table");
	rmdir(path);
	ok(mkfifo(path, 0600) == 0, "a fifo");
	refused(EINVAL, "... is not waited for");
	unlink(path);
	ok(symlink(path, path) == 0, "a loop");
	refused(ELOOP, "... is trouble");
	unlink(path);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return EXIT_FAILURE;
	snprintf(path, sizeof path, "%s/table.cdb", dir);
	look_up();
	walk();
	damage();
	ok(rmdir(dir) == 0, "nothing is left");
	arena_free(&arena);
	return done_testing();
}
