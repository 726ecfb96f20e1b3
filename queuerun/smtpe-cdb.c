/*
 * smtpe-cdb: makes the tables that stand beside the controls, and shows what
 * is in one (smtpe-cdb(8)). A table is new or old, never half: it takes its
 * name when it is whole and on the disk.
 */
#include "access_walk.h"
#include "cdb_access.h"
#include "cdbmap.h"
#include "die.h"
#include "file.h"
#include "log.h"
#include "option.h"
#include "tls_ca.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (1u << 30)

static bool keep_case;

/* --- writing --- */

static void
sync_directory(const char *path)
{
	struct buf dir = {0};
	size_t n = span_rchr(span_of(path), '/');
	int fd;

	if (path[n] == '\0')
		buf_putc(&dir, '.');
	else
		buf_put(&dir, span_make(path, n ? n : 1));
	fd = open(buf_cstr(&dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || fsync(fd) == -1)
		die_temp_errno("%s", buf_cstr(&dir));
	close(fd);
	buf_free(&dir);
}

static void
write_table(const char *path, bool (*next)(void *from, struct span *key,
    struct span *value), void *from)
{
	struct buf temporary = {0};
	const char *name;
	int fd, e;

	buf_printf(&temporary, "%s.new.%ld", path, (long)getpid());
	name = buf_cstr(&temporary);
	fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0644);
	if (fd == -1)
		die_temp_errno("%s", name);
	if (cdbmap_make(fd, next, from) == -1 || fsync(fd) == -1 ||
	    rename(name, path) == -1) {
		e = errno;
		unlink(name);
		errno = e;
		die_temp_errno("%s", path);
	}
	close(fd);
	sync_directory(path);
	buf_free(&temporary);
}

/* --- reading --- */

/* All of a file; "-" is standard input. Kept for as long as we live. */
static struct span
read_file(const char *path)
{
	static struct kept {
		struct buf text;
		struct kept *next;
	} *first;
	struct kept *kept = calloc(1, sizeof *kept);
	struct buf *b;
	ssize_t n;

	if (kept == NULL)
		die_temp("out of memory");
	kept->next = first;
	first = kept;
	b = &kept->text;
	if (strcmp(path, "-") != 0) {
		if (file_read_at(AT_FDCWD, path, FILE_MAX, b) == -1)
			die_temp_errno("%s", path);
		return buf_span(b);
	}
	while ((n = read(STDIN_FILENO, buf_reserve(b, 65536), 65536)) != 0) {
		if (n == -1)
			die_temp_errno("standard input");
		b->n += (size_t)n;
		if (b->n > FILE_MAX)
			die_perm("standard input: too long");
	}
	return buf_span(b);
}

static const char *
file_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

/* --- tables of keys and values --- */

struct reading {
	struct cdb_text *text;
	size_t next;
	struct buf lengths; /* of the access table's networks */
};

static bool
next_record(void *from, struct span *key, struct span *value)
{
	struct reading *r = from;

	if (r->next > r->text->n ||
	    (r->next == r->text->n && !r->text->access))
		return false;
	if (r->next == r->text->n) {
		cdb_access_lengths(r->text, &r->lengths);
		*key = SPAN(ACCESS_LENGTHS_KEY);
		*value = buf_span(&r->lengths);
		r->next++;
		return true;
	}
	*key = r->text->v[r->next].key;
	*value = r->text->v[r->next].value;
	r->next++;
	return true;
}

static int
make_text(const char *table, char **files, int n, struct cdb_text text)
{
	struct reading reading = {.text = &text};
	struct buf err = {0};

	for (int i = 0; i < n; i++)
		if (cdb_text_add(&text, file_name(files[i]),
			read_file(files[i]), &err) == -1)
			die_perm("%s", buf_cstr(&err));
	if (cdb_text_check(&text, &err) == -1 ||
	    (text.access && cdb_access_check(&text, &err) == -1))
		die_perm("%s", buf_cstr(&err));
	write_table(table, next_record, &reading);
	buf_free(&reading.lengths);
	arena_free(&text.arena);
	return 0;
}

static int
make_map(const char *table, char **files, int n)
{
	return make_text(table, files, n,
	    (struct cdb_text){.keep_case = keep_case});
}

static int
make_list(const char *table, char **files, int n)
{
	return make_text(table, files, n,
	    (struct cdb_text){.keep_case = keep_case, .list = true});
}

static int
make_access(const char *table, char **files, int n)
{
	return make_text(table, files, n, (struct cdb_text){.access = true});
}

/* --- certification authorities --- */

struct reading_ca {
	struct tls_ca_list *list;
	size_t next;
};

static bool
next_ca(void *from, struct span *key, struct span *value)
{
	struct reading_ca *r = from;

	if (r->next == r->list->n)
		return false;
	*key = r->list->v[r->next].key;
	*value = r->list->v[r->next].value;
	r->next++;
	return true;
}

static void
skipped(void *state, size_t line, const char *why)
{
	log_warn("cdb", "%s:%zu: left out: %s", (const char *)state, line,
	    why);
}

static int
make_ca(const char *table, char **files, int n)
{
	struct tls_ca_list list = {0};
	struct reading_ca reading = {&list, 0};
	struct arena arena = {0};
	const char *why;

	for (int i = 0; i < n; i++) {
		char *name = (char *)(uintptr_t)file_name(files[i]);
		size_t before = list.certificates;

		why = tls_ca_add(&list, read_file(files[i]), &arena, skipped,
		    name);
		if (why != NULL)
			die_perm("%s:%zu: %s", name, list.lines, why);
		if (list.certificates == before)
			die_perm("%s: no certificate in it", name);
	}
	write_table(table, next_ca, &reading);
	arena_free(&arena);
	return 0;
}

/* --- looking --- */

static void
put(struct span s)
{
	if (file_write_all(STDOUT_FILENO, s) == -1)
		die_temp_errno("standard output");
}

static void
open_table(struct cdbmap *m, const char *table)
{
	int r;

	*m = (struct cdbmap){.path = table};
	if ((r = cdbmap_open(m)) == 0)
		errno = ENOENT;
	if (r != 1)
		die_temp_errno("%s", table);
}

static int
get(const char *table, char **keys, int n)
{
	static struct cdbmap m;
	struct span value;
	int status = 0, r;

	open_table(&m, table);
	for (int i = 0; i < n; i++) {
		if ((r = cdbmap_look(&m, span_of(keys[i]), &value)) == -1)
			die_temp_errno("%s", table);
		if (r == 0) {
			status = 1;
			continue;
		}
		put(value);
		put(SPAN("\n"));
	}
	return status;
}

/* Octets that are no text, as in a table of keys, are shown as '?'. */
static void
put_plain(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_putc(out, ((unsigned char)s.p[i] < ' ' &&
		    s.p[i] != '\t') || s.p[i] == 0x7f ? '?' : s.p[i]);
}

static int
dump(const char *table, char **none, int n)
{
	static struct cdbmap m;
	struct span key, value;
	struct buf out = {0};
	unsigned at = 0;
	int r;

	(void)none;
	(void)n;
	open_table(&m, table);
	while ((r = cdbmap_next(&m, &at, &key, &value)) == 1) {
		put_plain(&out, key);
		if (value.n > 0)
			buf_putc(&out, ':');
		put_plain(&out, value);
		buf_putc(&out, '\n');
		if (out.n > 65536) {
			put(buf_span(&out));
			buf_reset(&out);
		}
	}
	put(buf_span(&out));
	buf_free(&out);
	if (r == -1)
		die_temp_errno("%s", table);
	return 0;
}

/* --- */

static const struct {
	const char *name;
	int (*run)(const char *table, char **words, int n);
	bool more; /* it needs another word */
} verbs[] = {
    {"map", make_map, true},
    {"list", make_list, true},
    {"access", make_access, true},
    {"ca", make_ca, true},
    {"get", get, true},
    {"dump", dump, false},
};

static _Noreturn void
usage(FILE *to, int status)
{
	fputs("usage: smtpe-cdb [-k] map TABLE FILE...   key:value lines\n"
	      "       smtpe-cdb [-k] list TABLE FILE...  a key on each line\n"
	      "       smtpe-cdb access TABLE FILE...     smtpe-access(5)\n"
	      "       smtpe-cdb ca TABLE FILE...         certificates (PEM)\n"
	      "       smtpe-cdb get TABLE KEY...         the values of keys\n"
	      "       smtpe-cdb dump TABLE               all of it\n"
	      "       smtpe-cdb -V | -h\n",
	    to);
	exit(status);
}

int
main(int argc, char **argv)
{
	int c;

	log_init("smtpe-cdb", "stderr", -1);
	while ((c = getopt(argc, argv, "+khV")) != -1) {
		if (c == 'k')
			keep_case = true;
		else if (c == 'V')
			exit(printf("smtpe-cdb %s\n", version_text) < 0);
		else
			usage(c == 'h' ? stdout : stderr,
			    c == 'h' ? 0 : EXIT_PERM);
	}
	argv += optind;
	argc -= optind;
	for (size_t i = 0; argc >= 2 && i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(argv[0], verbs[i].name) == 0 &&
		    (argc > 2) == verbs[i].more) {
			umask(022);
			return verbs[i].run(argv[1], argv + 2, argc - 2);
		}
	usage(stderr, EXIT_PERM);
}
