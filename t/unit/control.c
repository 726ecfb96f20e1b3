/* control: defaults, precedence, lists and maps, control_set(). Values are in
 * control_values.c, files in control_files.c. */
#include "control.h"
#include "tap.h"
#include <stdlib.h>
#include <unistd.h>

static struct controls c;
static struct buf err;
static bool usage;

/* Loads with nothing but one -o (or none). */
static int
load(const char *option)
{
	arena_free(&c.arena);
	buf_reset(&err);
	return control_load(&c, NULL, &option, option != NULL, &err, &usage);
}

static const char *
complaint(void)
{
	return buf_cstr(&err);
}

static struct span
joined(const struct control_list *list)
{
	static struct buf b;

	buf_reset(&b);
	for (size_t i = 0; i < list->n; i++) {
		buf_putc(&b, '<');
		buf_put(&b, list->v[i]);
		buf_putc(&b, '>');
	}
	return buf_span(&b);
}

static void
test_defaults(void)
{
	char host[256] = "";

	gethostname(host, sizeof host - 1);
	is_int(load(NULL), 0, "nothing set: loads");
	is_span(c.me, span_of(host), "me is the host's name");
	is_span(c.localiphost, c.me, "localiphost is me");
	is_size(c.locals.n, 2, "locals has two items");
	is_span(c.locals.v[0], c.me, "locals: me");
	is_span(c.locals.v[1], SPAN("localhost"), "locals: localhost");
	ok(!c.locals.set, "locals is not set by anybody");
	is_int(c.origin[CONTROL_me], FROM_DEFAULT, "me is a default");
	is_int((int64_t)c.databytes, 0, "databytes 0");
	is_int((int64_t)c.maxline, 1 << 20, "maxline 1 MiB");
	is_int((int64_t)c.luamemory, 64 << 20, "luamemory 64 MiB");
	is_int(c.timeoutsmtpd, 300000, "timeoutsmtpd 300 s");
	is_int(c.timeoutsession, 3600000, "timeoutsession 3600 s");
	is_int(c.queuelifetime, 604800000, "queuelifetime 7 days");
	is_int((int64_t)c.maxrecipients, 1000, "maxrecipients 1000");
	ok(c.pipelining, "pipelining on");
	ok(c.script == NULL, "script not set");
	ok(c.smtpgreeting.p == NULL, "smtpgreeting not set");
	ok(!c.rcpthosts.set && c.rcpthosts.n == 0, "rcpthosts not set");
	is_str(c.queuedir, "/var/spool/smtpe/queue", "queuedir");
	is_span(joined(&c.amqp),
	    SPAN("<amqp://guest:guest@127.0.0.1:5672/%2f>"), "amqp");
	ok(!c.amqp.set, "a default list is not set by anybody");
}

/* This machine may have one, with anything in it. */
static void
test_default_directory(void)
{
	char *given = strdup(getenv("SMTPE_CONTROL"));
	int result;

	unsetenv("SMTPE_CONTROL");
	result = load(NULL);
	ok(result == 0 || access(CONTROL_DIR, F_OK) == 0,
	    "the default directory may be missing");
	ok(!c.dir_given, "no directory was named");
	is_str(c.dir, CONTROL_DIR, "the default directory");
	if (result == 0)
		ok(strncmp(control_environment(&c)[0], "PATH=", 5) == 0 &&
			(control_environment(&c)[1] == NULL ||
			    strncmp(control_environment(&c)[1],
				"SMTPE_CONTROL=", 14) != 0),
		    "children look for it themselves");
	setenv("SMTPE_CONTROL", given, 1);
	free(given);
}

/* Each row's default must be one that a file could hold. */
static void
test_defaults_parse(void)
{
	struct controls d = {0};

	load(NULL);
	d = c;
	for (size_t i = 0; i < CONTROL_N; i++) {
		const struct control_row *row = &control_rows[i];
		bool text = strcmp(row->type, "TEXT") == 0 ||
		    strcmp(row->type, "PATH") == 0 ||
		    strcmp(row->type, "FILE") == 0 ||
		    strcmp(row->type, "LIST") == 0 ||
		    strcmp(row->type, "MAP") == 0;

		if (*row->def == '\0') {
			ok(text, row->name);
			continue;
		}
		buf_reset(&err);
		if (!ok(control_set(&d, span_of(row->name), span_of(row->def),
			    FROM_OPTION, &err) == 0, row->name))
			diag("%s", complaint());
	}
	c = d;
}

static void
test_lists(void)
{
	struct span v;

	is_int(load("rcpthosts=a.example, .b.example ,,\nC.example\n"), 0,
	    "commas and newlines");
	is_span(joined(&c.rcpthosts), SPAN("<a.example><.b.example><C.example>"),
	    "three items");
	ok(c.rcpthosts.set, "set");
	is_span(c.text[CONTROL_rcpthosts], SPAN("a.example\n.b.example\nC.example"),
	    "text is joined by newlines");
	ok(control_list_has(&c.rcpthosts, SPAN("A.EXAMPLE")), "has, any case");
	ok(!control_list_has(&c.rcpthosts, SPAN("x.b.example")),
	    "has knows no suffixes");
	ok(control_list_has_domain(&c.rcpthosts, SPAN("X.B.example")),
	    ".suffix: a name below");
	ok(control_list_has_domain(&c.rcpthosts, SPAN("y.x.b.example")),
	    ".suffix: deeper");
	ok(!control_list_has_domain(&c.rcpthosts, SPAN("b.example")),
	    ".suffix: not the name itself");
	ok(!control_list_has_domain(&c.rcpthosts, SPAN("xb.example")),
	    ".suffix: only at a dot");
	ok(!control_list_has_domain(&c.rcpthosts, SPAN("x.a.example")),
	    "a plain item: not below");
	ok(control_list_has_domain(&c.rcpthosts, SPAN("c.EXAMPLE")),
	    "a plain item: itself, any case");
	ok(!control_list_has_domain(&c.rcpthosts, SPAN("")), "not empty");
	is_int(load("rcpthosts="), 0, "an empty list");
	ok(c.rcpthosts.set && c.rcpthosts.n == 0, "is set and has no items");

	is_int(load("smtproutes=a.example:relay:26,:smart,A.example:x"), 0,
	    "a map");
	ok(control_map_find(&c.smtproutes, SPAN("A.Example"), &v),
	    "key, any case");
	is_span(v, SPAN("relay:26"), "split at the first colon, first wins");
	ok(control_map_find(&c.smtproutes, SPAN(""), &v), "the empty key");
	is_span(v, SPAN("smart"), "its value");
	ok(!control_map_find(&c.smtproutes, SPAN("b.example"), &v),
	    "no such key");
}

static void
test_environment(void)
{
	setenv("SMTPE_DATABYTES", "7", 1);
	setenv("SMTPE_LOCALS", "a.example,b.example\nc.example", 1);
	setenv("SMTPE_NOSUCHTHING", "x", 1);
	setenv("SMTPE_databyte", "x", 1);
	is_int(load(NULL), 0, "other SMTPE_ variables are none of ours");
	is_int((int64_t)c.databytes, 7, "SMTPE_DATABYTES");
	is_int(c.origin[CONTROL_databytes], FROM_ENVIRONMENT, "its origin");
	is_span(joined(&c.locals), SPAN("<a.example><b.example><c.example>"),
	    "SMTPE_LOCALS");
	load("databytes=8");
	is_int((int64_t)c.databytes, 8, "-o over the environment");
	is_int(c.origin[CONTROL_databytes], FROM_OPTION, "its origin");
	load("smtp-max-size=9");
	is_int((int64_t)c.databytes, 9, "-o alias over the environment");
	setenv("SMTPE_DATABYTES", "seven", 1);
	is_int(load("databytes=8"), -1, "a bad variable is an error");
	is_str(complaint(),
	    "SMTPE_DATABYTES: \"seven\" is not a size (65536, 64k, 50M)",
	    "the complaint");
	ok(!usage, "no option is to blame");
	unsetenv("SMTPE_DATABYTES");
	unsetenv("SMTPE_LOCALS");
	unsetenv("SMTPE_NOSUCHTHING");
	unsetenv("SMTPE_databyte");
}

static void
test_for_children(void)
{
	const char *options[] = {"databytes=8", "relayhosts=10.0.0.0/8,::1"};
	const char *const *v;

	setenv("SMTPE_LOG", "none", 1);
	arena_free(&c.arena);
	buf_reset(&err);
	is_int(control_load(&c, NULL, options, 2, &err, &usage), 0, "loads");
	control_set(&c, SPAN("maxerrors"), SPAN("3"), FROM_SCRIPT, &err);
	v = control_environment(&c);
	ok(strncmp(v[0], "PATH=", 5) == 0, "PATH first");
	ok(strncmp(v[1], "SMTPE_CONTROL=/", 15) == 0, "the directory");
	is_str(v[2], "SMTPE_LOG=none", "from the environment");
	is_str(v[3], "SMTPE_DATABYTES=8", "from -o");
	is_str(v[4], "SMTPE_RELAYHOSTS=10.0.0.0/8\n::1", "a list");
	ok(v[5] == NULL, "nothing else, not what a script set");
	setenv("SMTPE_RELAYHOSTS", v[4] + strlen("SMTPE_RELAYHOSTS="), 1);
	is_int(load(NULL), 0, "a child reads it");
	is_span(joined(&c.relayhosts), SPAN("<10.0.0.0/8><::1>"),
	    "the same list");
	unsetenv("SMTPE_RELAYHOSTS");
	unsetenv("SMTPE_LOG");
}

static int
set(const char *name, const char *value)
{
	buf_reset(&err);
	return control_set(&c, span_of(name), span_of(value), FROM_SCRIPT,
	    &err);
}

static void
test_set(void)
{
	size_t used;

	load("me=mx.example.org");
	is_int(set("databytes", "1k"), 0, "set");
	is_int((int64_t)c.databytes, 1024, "the value");
	is_int(c.origin[CONTROL_databytes], FROM_SCRIPT, "the origin");
	is_int(set("databytes", "huge"), -1, "set to nonsense");
	is_str(complaint(),
	    "databytes: \"huge\" is not a size (65536, 64k, 50M)",
	    "the complaint");
	is_int((int64_t)c.databytes, 1024, "the old value stays");
	is_span(c.text[CONTROL_databytes], SPAN("1k"), "and its text");
	is_int(set("relayhosts", "10.0.0.0/8"), 0, "a list");
	is_int(set("relayhosts", "192.0.2.1,nonsense"), -1, "a bad item");
	is_span(joined(&c.relayhosts), SPAN("<10.0.0.0/8>"),
	    "the old list stays");
	is_int(set("smtp-command-timeout", "5"), 0, "an alias");
	is_int(c.timeoutsmtpd, 5000, "is timeoutsmtpd");
	is_int(set("rfc2920-pipelining-enable", "0"), 0, "an alias");
	ok(!c.pipelining, "is pipelining");
	is_int(set("spool-dir", "/q"), 0, "an alias");
	is_str(c.queuedir, "/q", "is queuedir");
	is_int(set("nonsuch", "1"), -1, "an unknown name");
	is_int(set("maxerors", "1"), -1, "a near one");
	is_str(complaint(),
	    "\"maxerors\" is no control; did you mean maxerrors?",
	    "the complaint");
	is_int(set("me", ""), -1, "me cannot become nothing");
	is_span(c.me, SPAN("mx.example.org"), "it stays");
	is_int(set("localiphost", ""), 0, "localiphost can");
	is_span(c.localiphost, SPAN("mx.example.org"), "and is me then");
	set("smtpgreeting", "hello");
	used = c.arena.used;
	for (int i = 0; i < 1000; i++)
		set("smtpgreeting", "hello");
	is_size(c.arena.used, used, "the same again takes no memory");
	is_int(control_find(SPAN("spool-dir")), CONTROL_queuedir, "find");
	is_int(control_find(SPAN("no")), -1, "find nothing");
}

int
main(void)
{
	char dir[] = "/tmp/smtpe-control-XXXXXX";

	if (mkdtemp(dir) == NULL) {
		printf("Bail out! %s\n", dir);
		return 1;
	}
	setenv("SMTPE_CONTROL", dir, 1);
	test_defaults();
	test_default_directory();
	test_defaults_parse();
	test_lists();
	test_environment();
	test_for_children();
	test_set();
	rmdir(dir);
	arena_free(&c.arena);
	buf_free(&err);
	return done_testing();
}
