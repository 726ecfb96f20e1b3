/* maildir: paths from templates, names of files, Delivered-To fields. */
#include "maildir.h"
#include "tap.h"

static struct arena arena;
static struct buf out;

static void
path_is(const char *template, struct span address, const char *want,
    size_t want_fixed)
{
	const char *why = "";
	size_t fixed = 0;
	enum maildir_path_result r = maildir_path(span_of(template), address,
	    SPAN("Mx.Example.ORG"), &arena, &out, &fixed, &why);

	if (ok(r == MAILDIR_PATH, template))
		is_str(buf_cstr(&out), want, template);
	else
		diag("%s", why);
	is_size(fixed, want_fixed, "what is the template's alone");
}

static void
path_fails(const char *template, struct span address,
    enum maildir_path_result want)
{
	const char *why = NULL;
	size_t fixed = 0;

	is_int(maildir_path(span_of(template), address, SPAN("me"), &arena,
		   &out, &fixed, &why),
	    want, template);
	ok(why != NULL && *why != '\0', "with a reason");
}

static void
test_paths(void)
{
	struct span joe = SPAN("Joe@Example.org");
	char long_address[300];

	path_is("/m/%d/%u", joe, "/m/example.org/Joe", 2);
	path_is("/m/x-%l", joe, "/m/x-joe", 2);
	path_is("/%u", joe, "/Joe", 0);
	path_is("//a///b//", joe, "/a/b", 4);
	path_is("/a/%%/%u", joe, "/a/%/Joe", 4);
	path_is("/m/%d/%u", SPAN("postmaster"), "/m/mx.example.org/postmaster",
	    2);
	path_is("/m/%u", SPAN("\"a b\\\"c\"@d"), "/m/a b\"c", 2);
	path_is("/m/%u", SPAN("..@d"), "/m/%2E.", 2);
	path_is("/m/x%u", SPAN("..@d"), "/m/x%2E.", 2);
	path_is("/m/%u", SPAN("a/../b%@d"), "/m/a%2F..%2Fb%25", 2);
	path_is("/m/%u", SPAN("a\0\n\x7f\xc3\xbc@d"),
	    "/m/a%00%0A%7F\xc3\xbc", 2);
	path_is("/m/%u", SPAN("a@b@d"), "/m/a@b", 2);
	path_fails("/m/%u", SPAN("@d"), MAILDIR_PATH_ADDRESS);
	path_fails("/m/%u", SPAN("\"\"@d"), MAILDIR_PATH_ADDRESS);
	memset(long_address, 'x', sizeof long_address);
	path_fails("/m/%u", span_make(long_address, 256),
	    MAILDIR_PATH_ADDRESS);
	path_is("/m", span_make(long_address, 256), "/m", 2);
	path_fails("m/%u", joe, MAILDIR_PATH_CONFIG);
	path_fails("", joe, MAILDIR_PATH_CONFIG);
	path_fails("/", joe, MAILDIR_PATH_CONFIG);
	path_fails("/m/%", joe, MAILDIR_PATH_CONFIG);
	path_fails("/m/%s", joe, MAILDIR_PATH_CONFIG);
	is_int(maildir_path(SPAN("/m\0/x"), joe, SPAN("me"), &arena, &out,
		   &(size_t){0}, &(const char *){0}),
	    MAILDIR_PATH_CONFIG, "a NUL in a template");
}

static void
test_names(void)
{
	struct buf host = {0};
	char me[400];

	maildir_host(SPAN("a/b:c d\xff"), &host);
	is_span(buf_span(&host), SPAN("a\\057b\\072c\\040d\\377"),
	    "a host name is escaped");
	maildir_name(1700000000, SPAN("ID-2"), 7, SPAN("a@b"), SPAN("h"),
	    &out);
	is_span(buf_span(&out), SPAN("1700000000.RID-2N7.h"), "a name");
	maildir_name(-1, SPAN("ID"), 1, SPAN("a@b"), SPAN("h"), &out);
	is_span(buf_span(&out), SPAN("0.RIDN1.h"), "a time before 1970");
	maildir_name(1, SPAN("ID"), 0, SPAN("a@b"), SPAN("h"), &out);
	maildir_name(1, SPAN("ID"), 0, SPAN("a@c"), SPAN("h"), &host);
	ok(!span_eq(buf_span(&out), buf_span(&host)),
	    "recipients without a number have names of their own");
	memset(me, '/', sizeof me);
	buf_reset(&host);
	maildir_host(span_make(me, sizeof me), &host);
	maildir_name(INT64_MAX, SPAN("01jd0000000000000000000000-999999"), 0,
	    SPAN("a@b"), buf_span(&host), &out);
	ok(out.n <= MAILDIR_NAME_MAX, "the longest name fits");
	buf_reset(&host);
	maildir_host(SPAN(""), &host);
	is_span(buf_span(&host), SPAN("localhost"), "no host name");
	buf_free(&host);
}

/* All values of a header, divided by '|', fed in steps of n octets. */
static void
fields(struct span header, size_t n, struct buf *found, bool *done)
{
	struct delivered_to d = {0};

	buf_reset(found);
	while (header.n > 0) {
		struct span piece = span_head(header, n), value;

		header = span_skip(header, n);
		while (delivered_to_next(&d, &piece, &value)) {
			buf_put(found, value);
			buf_putc(found, '|');
		}
	}
	*done = d.done;
}

static void
fields_are(struct span header, const char *want, bool want_done)
{
	struct buf found = {0};

	for (size_t n = 1; n <= header.n; n++) {
		bool done;

		fields(header, n, &found, &done);
		if (strcmp(buf_cstr(&found), want) != 0 || done != want_done) {
			diag("in steps of %zu", n);
			break;
		}
	}
	is_str(buf_cstr(&found), want, "Delivered-To, however it is split");
	buf_free(&found);
}

static void
test_delivered_to(void)
{
	fields_are(SPAN("Delivered-To: a@b\r\n\r\n"), "a@b|", true);
	fields_are(SPAN("A: b\n c\nDELIVERED-to:a@b \nDelivered-To:\n"),
	    "a@b||", false);
	fields_are(SPAN("Delivered-To : a@b\r\n"), "a@b|", false);
	fields_are(SPAN("Delivered-To-X: a\r\nDelivered-T: b\r\n"), "",
	    false);
	fields_are(SPAN("\r\nDelivered-To: a@b\r\n"), "", true);
	fields_are(SPAN("Hello\r\nDelivered-To: a@b\r\n"), "", true);
	fields_are(SPAN("Hello you\r\nDelivered-To: a@b\r\n"), "", true);
	fields_are(SPAN(": x\r\nDelivered-To: a@b\r\n"), "", true);
	fields_are(SPAN("A: b\r\n Delivered-To: a@b\r\n"), "", false);
	fields_are(SPAN("Delivered-To: a@b"), "", false);
}

int
main(void)
{
	test_paths();
	test_names();
	test_delivered_to();
	arena_free(&arena);
	buf_free(&out);
	return done_testing();
}
