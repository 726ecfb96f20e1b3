/* compose: a message as it leaves, from memory and from its file. */
#include "tap.h"
#include "compose.h"
#include "file.h"
#include <unistd.h>

static int fd;
static struct compose c;

static void
write_message(struct span message)
{
	if (ftruncate(fd, 0) == -1 || lseek(fd, 0, SEEK_SET) == -1 ||
	    file_write_all(fd, message) == -1 ||
	    file_write_all(fd, SPAN("smtpe-entry 1\n...")) == -1)
		ok(false, "a file to read from");
}

static struct span
compose(struct span message, bool whole, const struct envelope *env)
{
	static struct buf out;
	struct span piece;
	int64_t size;
	int r;

	buf_reset(&out);
	compose_start(&c, fd, message.n, whole ? message.p : NULL, env);
	size = compose_size(&c);
	while ((r = compose_next(&c, &piece)) == 1)
		buf_put(&out, piece);
	is_int(r, 0, "to its end");
	is_int(size, out.n, "as long as was said");
	compose_end(&c);
	return buf_span(&out);
}

static void
check(struct span message, const struct envelope *env, struct span want,
    const char *name)
{
	write_message(message);
	is_span(compose(message, true, env), want, name);
	is_span(compose(message, false, env), want, name);
}

static void
test_edits(void)
{
	struct span message = SPAN("A: 1\r\nB: 2\r\n\tfold\r\nC: 3\r\n\r\n"
				   "D: body\r\n\0\xff\r\n");
	struct envelope_edit edits[] = {
	    {EDIT_REMOVE, 1, SPAN_LIT("")},
	    {EDIT_PREPEND, 0, SPAN_LIT("P: 1\r\n\tx")},
	    {EDIT_APPEND, 0, SPAN_LIT("Z: 9")},
	    {EDIT_REPLACE, 2, SPAN_LIT("B: new")},
	    {EDIT_PREPEND, 0, SPAN_LIT("P: 2")},
	    {EDIT_REPLACE, 2, SPAN_LIT("B: too late")},
	    {EDIT_REMOVE, 4, SPAN_LIT("")},
	    {EDIT_REMOVE, 99, SPAN_LIT("")},
	};
	struct envelope env = {.edits = edits};

	check(message, &env, message, "no edits: as it was received");
	env.nedits = 8;
	check(message, &env,
	    SPAN("P: 1\r\n\tx\r\nP: 2\r\nB: new\r\nC: 3\r\nZ: 9\r\n\r\n"
		 "D: body\r\n\0\xff\r\n"), "all kinds of edits");
	env.edits = edits + 1;
	env.nedits = 1;
	check(message, &env,
	    SPAN("P: 1\r\n\tx\r\nA: 1\r\nB: 2\r\n\tfold\r\nC: 3\r\n\r\n"
		 "D: body\r\n\0\xff\r\n"), "only prepended");
	check(SPAN(""), &env, SPAN("P: 1\r\n\tx\r\n"),
	    "prepended to nothing");
	env.edits = edits + 2;
	check(SPAN(""), &env, SPAN("Z: 9\r\n"), "appended to nothing");
	check(SPAN("\r\nA: 1\r\n"), &env, SPAN("Z: 9\r\n\r\nA: 1\r\n"),
	    "appended to no header");
	check(SPAN("A: 1\r\nno field\r\nB: 2\r\n"), &env,
	    SPAN("A: 1\r\nZ: 9\r\nno field\r\nB: 2\r\n"),
	    "a line that is no field ends the header");
	env.edits = edits;
	env.nedits = 1;
	check(SPAN("A: 1\r\n"), &env, SPAN(""), "the only field removed");
}

/* Header and body larger than a block, and than any read of it. */
static void
test_large(void)
{
	struct envelope_edit edits[] = {
	    {EDIT_REMOVE, 5000, SPAN_LIT("")},
	    {EDIT_APPEND, 0, SPAN_LIT("Z: 9")},
	};
	struct envelope env = {.edits = edits, .nedits = 2};
	struct buf message = {0}, want = {0};
	struct span got;

	for (int i = 1; i <= 20000; i++) {
		size_t start = message.n;

		buf_printf(&message, "Field-%d: %d\r\n", i, i);
		if (i != 5000)
			buf_put(&want, span_skip(buf_span(&message), start));
	}
	buf_puts(&want, "Z: 9\r\n\r\n");
	buf_puts(&message, "\r\n");
	for (int i = 0; i < 30000; i++) {
		buf_printf(&message, "line %d\r\n", i);
		buf_printf(&want, "line %d\r\n", i);
	}
	write_message(buf_span(&message));
	got = compose(buf_span(&message), false, &env);
	ok(span_eq(got, buf_span(&want)), "from the file");
	got = compose(buf_span(&message), true, &env);
	ok(span_eq(got, buf_span(&want)), "from memory");
	env.nedits = 0;
	got = compose(buf_span(&message), false, &env);
	ok(span_eq(got, buf_span(&message)), "untouched");
	buf_free(&message);
	buf_free(&want);
}

static void
test_short_file(void)
{
	struct envelope env = {0};
	struct span piece;

	write_message(SPAN("A: 1\r\n"));
	compose_start(&c, fd, 100000, NULL, &env);
	is_int(compose_next(&c, &piece), -1, "a file that ends too early");
	compose_end(&c);
}

/* However the octets are split. */
static void
test_lf(void)
{
	struct span from = SPAN("a\r\nb\rc\nd\r\r\ne\r\n\r\n\r");
	struct span want = SPAN("a\nb\rc\nd\r\ne\n\n\r");
	struct buf out = {0};

	for (size_t i = 0; i <= from.n; i++)
		for (size_t k = i; k <= from.n; k++) {
			bool cr = false;

			buf_reset(&out);
			crlf_to_lf(span_head(from, i), &cr, &out);
			crlf_to_lf(span_make(from.p + i, k - i), &cr, &out);
			crlf_to_lf(span_skip(from, k), &cr, &out);
			if (cr)
				buf_putc(&out, '\r');
			if (!span_eq(buf_span(&out), want)) {
				is_span(buf_span(&out), want, "split");
				diag("at %zu and %zu", i, k);
			}
		}
	ok(true, "every split in three was tried");
	buf_free(&out);
}

int
main(void)
{
	FILE *f = tmpfile();

	if (f == NULL) {
		ok(false, "tmpfile");
		return done_testing();
	}
	fd = fileno(f);
	test_edits();
	test_large();
	test_short_file();
	test_lf();
	compose_free(&c);
	fclose(f);
	return done_testing();
}
