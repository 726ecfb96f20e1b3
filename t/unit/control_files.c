/* control: the directory, each kind of bad file, --show-controls. */
#include "control.h"
#include "tap.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct controls c;
static struct buf err;
static bool usage;
static char dir[] = "/tmp/smtpe-control-XXXXXX";

static const char *
path_of(const char *name)
{
	static struct buf b;

	buf_reset(&b);
	buf_printf(&b, "%s/%s", dir, name);
	return buf_cstr(&b);
}

static void
put_bytes(const char *name, const char *p, size_t n)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd == -1 || write(fd, p, n) != (ssize_t)n) {
		diag("%s: %s", path_of(name), strerror(errno));
		exit(1);
	}
	close(fd);
}

static void
put_file(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

static void
drop(const char *name)
{
	if (unlink(path_of(name)) == -1)
		rmdir(path_of(name));
}

static int
load_from(const char *from)
{
	arena_free(&c.arena);
	buf_reset(&err);
	return control_load(&c, from, NULL, 0, &err, &usage);
}

/* The complaint without the directory's name in front. */
static const char *
complaint(void)
{
	const char *text = buf_cstr(&err);
	size_t n = strlen(dir);

	return strncmp(text, dir, n) == 0 ? text + n : text;
}

static void
is_bad(const char *name, const char *want)
{
	is_int(load_from(dir), -1, want);
	is_str(complaint(), want, "the complaint");
	ok(!usage, "no option is to blame");
	drop(name);
}

static void
test_values(void)
{
	put_file("databytes", "64k \t\nsecond line, ignored\n");
	put_file("maxerrors", "7");
	put_file("smtpgreeting", "");
	put_file("script", " \n");
	put_file("me", "mx.example.org\n");
	put_file("unrelated", "\1\2\3");
	put_file("spool-dir", "/nowhere\n");
	if (!is_int(load_from(dir), 0, "a directory of good files"))
		diag("%s", complaint());
	is_int((int64_t)c.databytes, 65536, "first line, trailing blanks cut");
	is_int(c.origin[CONTROL_databytes], FROM_FILE, "origin");
	is_int((int64_t)c.maxerrors, 7, "no newline at the end");
	ok(c.smtpgreeting.p == NULL, "an empty file: text is not set");
	is_int(c.origin[CONTROL_smtpgreeting], FROM_FILE, "by a file");
	ok(c.script == NULL, "a blank line: path is not set");
	is_span(c.localiphost, SPAN("mx.example.org"), "localiphost is me");
	is_str(c.queuedir, "/var/spool/smtpe/queue", "aliases are no files");
	ok(c.dir_given, "the directory was named");
	is_str(control_path(&c, "recipients.cdb"), path_of("recipients.cdb"),
	    "path beside the files");
	setenv("SMTPE_MAXERRORS", "8", 1);
	load_from(dir);
	is_int((int64_t)c.maxerrors, 8, "the environment over a file");
	unsetenv("SMTPE_MAXERRORS");
	drop("databytes");
	drop("maxerrors");
	drop("smtpgreeting");
	drop("script");
	drop("me");
	drop("unrelated");
	drop("spool-dir");
}

static void
test_lists(void)
{
	put_file("rcpthosts", "# ours\n\n  \na.example\t \n.b.example\n"
			      " #c.example\n#d.example");
	put_file("locals", "");
	put_file("smtproutes", "a.example:relay:26\n:smart\n");
	if (!is_int(load_from(dir), 0, "lists"))
		diag("%s", complaint());
	is_size(c.rcpthosts.n, 3, "blank and # lines do not count");
	is_span(c.rcpthosts.v[0], SPAN("a.example"), "trailing blanks cut");
	is_span(c.rcpthosts.v[1], SPAN(".b.example"), "second");
	is_span(c.rcpthosts.v[2], SPAN(" #c.example"),
	    "a comment begins with the first octet");
	ok(c.locals.set && c.locals.n == 0,
	    "an empty file: an empty list, not the default");
	is_size(c.smtproutes.n, 2, "a map");
	drop("rcpthosts");
	drop("locals");
	drop("smtproutes");
}

static void
test_bad_files(void)
{
	struct buf want = {0};

	put_file("databytes", "12x\n");
	is_bad("databytes",
	    "/databytes:1: \"12x\" is not a size (65536, 64k, 50M)");
	put_file("maxerrors", "");
	is_bad("maxerrors", "/maxerrors:1: \"\" is not a whole number");
	put_file("virtualdomains", "# x\na.example:b\n\nnocolon\n");
	is_bad("virtualdomains",
	    "/virtualdomains:4: \"nocolon\" is not key:value");
	put_file("relayhosts", "10.0.0.0/8\n10.0.0.0/8,::1\n");
	is_bad("relayhosts", "/relayhosts:2: \"10.0.0.0/8,::1\" is not a "
			     "network (192.0.2.0/24)");
	put_file("me", "mx.example.org\r\n");
	is_bad("me",
	    "/me:1: \"mx.example.org?\" ends in a carriage return");
	put_bytes("me", "mx\0.example.org\n", 16);
	is_bad("me", "/me:1: \"mx?.example.org\" holds a NUL");
	put_bytes("me", "mx\nx\0y\n", 7);
	is_bad("me", "/me:2: \"x?y\" holds a NUL");
	put_bytes("locals", "a\n#\n#\0\n", 7);
	is_bad("locals", "/locals:3: \"#?\" holds a NUL");
	mkdir(path_of("me"), 0755);
	is_bad("me", "/me: is not a regular file");
	mkfifo(path_of("me"), 0644);
	is_bad("me", "/me: is not a regular file");
	if (symlink("/nonexistent/file", path_of("me")) == -1)
		diag("symlink: %s", strerror(errno));
	is_bad("me", "/me: No such file or directory");
	if (symlink("me", path_of("me")) == -1)
		diag("symlink: %s", strerror(errno));
	/* The words are the C library's. */
	buf_printf(&want, "/me: %s", strerror(ELOOP));
	is_bad("me", buf_cstr(&want));
	buf_free(&want);
}

static void
test_size(void)
{
	size_t n = 4u << 20;
	char *p = malloc(n + 1);

	memset(p, 'x', n + 1);
	p[0] = '#';
	put_bytes("locals", p, n);
	is_int(load_from(dir), 0, "4 MiB are not too large");
	put_bytes("locals", p, n + 1);
	is_bad("locals", "/locals: is larger than 4 MiB");
	free(p);
}

/* Root reads everything: become somebody else for a moment. */
static void
test_permissions(void)
{
	bool root = geteuid() == 0;
	int result;

	put_file("me", "mx.example.org\n");
	chmod(path_of("me"), 0);
	chmod(dir, 0755);
	if (root && seteuid(65534) == -1)
		diag("seteuid: %s", strerror(errno));
	result = load_from(dir);
	if (root && seteuid(0) == -1)
		exit(1);
	is_int(result, -1, "a file that may not be read");
	is_str(complaint(), "/me: Permission denied", "the complaint");
	drop("me");
	chmod(dir, 0);
	if (root && seteuid(65534) == -1)
		diag("seteuid: %s", strerror(errno));
	result = load_from(dir);
	if (root && seteuid(0) == -1)
		exit(1);
	is_int(result, -1, "a directory that may not be read");
	ok(strstr(complaint(), ": Permission denied") != NULL,
	    "the complaint");
	chmod(dir, 0755);
}

static void
test_directory(void)
{
	is_int(load_from("/nonexistent/dir"), -1, "a named directory is missing");
	is_str(complaint(), "control directory /nonexistent/dir: No such file "
			    "or directory", "the complaint");
	setenv("SMTPE_CONTROL", "/nonexistent/env", 1);
	is_int(load_from(NULL), -1, "SMTPE_CONTROL is missing");
	is_str(complaint(), "control directory /nonexistent/env: No such file "
			    "or directory", "the complaint");
	setenv("SMTPE_CONTROL", "", 1);
	is_int(load_from(NULL), -1, "SMTPE_CONTROL is empty");
	setenv("SMTPE_CONTROL", "/nonexistent/env", 1);
	is_int(load_from(dir), 0, "-c over SMTPE_CONTROL");
	is_str(control_environment(&c)[1] + strlen("SMTPE_CONTROL="), dir,
	    "children get the directory");
	setenv("SMTPE_CONTROL", dir, 1);
	put_file("maxerrors", "9\n");
	is_int(load_from(NULL), 0, "SMTPE_CONTROL");
	is_int((int64_t)c.maxerrors, 9, "a file of its");
	unsetenv("SMTPE_CONTROL");
	is_int(load_from(path_of("maxerrors")), -1, "a file for a directory");
	drop("maxerrors");
}

/* Is line, with its newline, one of the lines shown? */
static bool
shown(const struct buf *out, const char *line)
{
	struct span rest = buf_span(out);
	struct span one;

	while (span_cut(&rest, '\n', &one))
		if (span_eq(one, span_of(line)))
			return true;
	diag("missing: %s", line);
	return false;
}

static void
test_show(void)
{
	const char *options[] = {
	    "amqp=amqp://u:p@ss/w@h:5672/%2f,amqp://h/,amqp://u@h/"};
	struct buf out = {0};
	struct buf stray = {0};

	put_file("databytes", "50M\n");
	put_file("rcpthosts", "a.example\nb.example\n");
	put_file("databyte", "50M\n");
	put_file("spool-dir", "/q\n");
	put_file("zzzzzzzzzz", "");
	put_file("me~", "");
	put_file(".hidden", "");
	put_file("recipients.cdb", "");
	mkdir(path_of("tls"), 0755);
	setenv("SMTPE_MAXERRORS", "8", 1);
	arena_free(&c.arena);
	buf_reset(&err);
	is_int(control_load(&c, dir, options, 1, &err, &usage), 0, "loads");
	control_set(&c, SPAN("maxline"), SPAN("2k"), FROM_LAUNCHER, &err);
	control_show(&c, &out);
	ok(shown(&out, "databytes 50M (file)"), "a file");
	ok(shown(&out, "rcpthosts a.example,b.example (file)"), "a list");
	ok(shown(&out, "maxerrors 8 (environment)"), "the environment");
	ok(shown(&out, "maxline 2k (launcher)"), "the launcher");
	ok(shown(&out, "retry 300 1.5 14400 (default)"), "a default");
	ok(shown(&out, "smtpgreeting (default)"), "not set");
	ok(shown(&out, "amqp amqp://u:***@h:5672/%2f,amqp://h/,amqp://u@h/ "
		       "(option)"), "no password");
	buf_printf(&stray, "# %s/databyte is no control; did you mean "
			   "databytes?", dir);
	ok(shown(&out, buf_cstr(&stray)), "a name with a typing error");
	buf_reset(&stray);
	buf_printf(&stray, "# %s/spool-dir is no control; did you mean "
			   "queuedir?", dir);
	ok(shown(&out, buf_cstr(&stray)), "an alias");
	buf_reset(&stray);
	buf_printf(&stray, "# %s/zzzzzzzzzz is no control", dir);
	ok(shown(&out, buf_cstr(&stray)), "some other file");
	ok(strstr(buf_cstr(&out), "me~") == NULL, "backups are left out");
	ok(strstr(buf_cstr(&out), "hidden") == NULL, "and hidden files");
	ok(strstr(buf_cstr(&out), ".cdb") == NULL, "and tables");
	ok(strstr(buf_cstr(&out), "/tls ") == NULL, "and directories");
	unsetenv("SMTPE_MAXERRORS");
	drop("databytes");
	drop("rcpthosts");
	drop("databyte");
	drop("spool-dir");
	drop("zzzzzzzzzz");
	drop("me~");
	drop(".hidden");
	drop("recipients.cdb");
	drop("tls");
	buf_free(&out);
	buf_free(&stray);
}

static void
test_help(void)
{
	struct buf text = {0};
	struct buf mdoc = {0};

	control_help(&text);
	control_help_mdoc(&mdoc);
	for (size_t i = 0; i < CONTROL_N; i++) {
		struct buf want = {0};

		buf_printf(&want, "  %s (", control_rows[i].name);
		ok(strstr(buf_cstr(&text), buf_cstr(&want)) != NULL,
		    "in the help");
		buf_reset(&want);
		buf_printf(&want, ".It Ic %s Pq ", control_rows[i].name);
		ok(strstr(buf_cstr(&mdoc), buf_cstr(&want)) != NULL,
		    "in the manual's list");
		buf_free(&want);
	}
	buf_free(&text);
	buf_free(&mdoc);
}

/* A FILE is not read here: it is somebody else's secret. */
static void
test_secret_file(void)
{
	static const char secret[] = "joe:hush\0\x01\n";
	struct buf out = {0};

	is_int(load_from(dir), 0, "without authusers");
	ok(c.authusers == NULL, "it is not set");
	put_bytes("authusers", secret, sizeof secret - 1);
	is_int(load_from(dir), 0, "what is in it is no matter");
	is_str(c.authusers, path_of("authusers"), "its value is its path");
	control_show(&c, &out);
	(void)buf_cstr(&out);
	ok(strstr(out.p, "/authusers (file)") != NULL, "which is shown");
	ok(strstr(out.p, "hush") == NULL, "and nothing of it");
	drop("authusers");
	put_file("authusers.cdb", "");
	is_int(load_from(dir), 0, "its table");
	is_str(c.authusers, path_of("authusers"), "is as good");
	drop("authusers.cdb");
	buf_reset(&err);
	is_int(control_set(&c, SPAN("authusers"), SPAN("joe:$6$hush"),
	    FROM_OPTION, &err), -1, "a value that is no path");
	ok(strstr(buf_cstr(&err), "hush") == NULL, "is not shown");
	is_int(control_set(&c, SPAN("authusers"), SPAN("/x/users"),
	    FROM_OPTION, &err), 0, "a path");
	is_str(c.authusers, "/x/users", "is taken");
	buf_free(&out);
}

int
main(void)
{
	unsetenv("SMTPE_CONTROL");
	if (mkdtemp(dir) == NULL) {
		printf("Bail out! %s: %s\n", dir, strerror(errno));
		return 1;
	}
	test_values();
	test_lists();
	test_bad_files();
	test_size();
	test_permissions();
	test_directory();
	test_show();
	test_secret_file();
	test_help();
	is_int(rmdir(dir), 0, "nothing is left behind");
	arena_free(&c.arena);
	buf_free(&err);
	return done_testing();
}
