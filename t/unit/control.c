/* control: types, precedence, lists and maps, error texts. Files are in
 * control_files.c. */
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

static const struct {
	const char *option;
	const char *want; /* NULL: good */
} values[] = {
    {"databytes=0", NULL},
    {"databytes=64k", NULL},
    {"databytes=50MiB", NULL},
    {"databytes=12 ", NULL},
    {"databytes=", "-o databytes: \"\" is not a size (65536, 64k, 50M)"},
    {"databytes=12x", "-o databytes: \"12x\" is not a size (65536, 64k, 50M)"},
    {"databytes=-1", "-o databytes: \"-1\" is not a size (65536, 64k, 50M)"},
    {"databytes= 5", "-o databytes: \" 5\" is not a size (65536, 64k, 50M)"},
    {"databytes=99999999999999999999",
	"-o databytes: \"99999999999999999999\" is not a size (65536, 64k, "
	"50M)"},
    {"databytes=5\n6",
	"-o databytes: \"5?6\" holds a control character"},
    {"timeoutsmtpd=1.5", NULL},
    {"timeoutsmtpd=250ms", NULL},
    {"timeoutsmtpd=",
	"-o timeoutsmtpd: \"\" is not a time (300, 1.5, 250ms, 5m, 4h, 7d)"},
    {"timeoutsmtpd=5y",
	"-o timeoutsmtpd: \"5y\" is not a time (300, 1.5, 250ms, 5m, 4h, "
	"7d)"},
    {"maxerrors=3", NULL},
    {"maxerrors=3k", "-o maxerrors: \"3k\" is not a whole number"},
    {"maxerrors=", "-o maxerrors: \"\" is not a whole number"},
    {"maxerrors=1.5", "-o maxerrors: \"1.5\" is not a whole number"},
    {"pipelining=off", NULL},
    {"pipelining=YES", NULL},
    {"pipelining=2",
	"-o pipelining: \"2\" is neither yes nor no (1, 0, yes, no, on, "
	"off)"},
    {"pipelining=",
	"-o pipelining: \"\" is neither yes nor no (1, 0, yes, no, on, off)"},
    {"me=mx.example.org", NULL},
    {"me=[IPv6:2001:db8::1]", NULL},
    {"me=", NULL},
    {"me=mx example", "-o me: \"mx example\" is not a host name"},
    {"me=a\r\nb", "-o me: \"a??b\" holds a control character"},
    {"me=mx.example.org\r",
	"-o me: \"mx.example.org?\" ends in a carriage return"},
    {"me=../../etc", "-o me: \"../../etc\" is not a host name"},
    {"me=a/b", "-o me: \"a/b\" is not a host name"},
    {"me=a:b", "-o me: \"a:b\" is not a host name"},
    {"me=.", "-o me: \".\" is not a host name"},
    {"smtpgreeting=220\x1b[2J",
	"-o smtpgreeting: \"220?[2J\" holds a control character"},
    {"smtpgreeting=mx ESMTP \xc3\xa4\tb", NULL},
    {"log=none", NULL},
    {"log=nowhere",
	"-o log: \"nowhere\" is none of auto, stderr, syslog, none"},
    {"log=", "-o log: \"\" is none of auto, stderr, syslog, none"},
    {"hookerror=defer", NULL},
    {"hookerror=Defer", "-o hookerror: \"Defer\" is neither default nor defer"},
    {"amqpformat=json", NULL},
    {"amqpformat=xml", "-o amqpformat: \"xml\" is neither raw nor json"},
    {"relayhosts=192.0.2.0/24,2001:db8::/32", NULL},
    {"relayhosts=192.0.2.0/24,10.0.0.0/33",
	"-o relayhosts: \"10.0.0.0/33\" is not a network (192.0.2.0/24)"},
    {"relayhosts=localhost",
	"-o relayhosts: \"localhost\" is not a network (192.0.2.0/24)"},
    {"retry=300 1.5 14400", NULL},
    {"retry=5m 2 4h", NULL},
    {"retry=300 1.5",
	"-o retry: \"300 1.5\" is not first interval, factor, longest "
	"interval (300 1.5 14400)"},
    {"retry=300 0.5 14400",
	"-o retry: \"300 0.5 14400\" is not first interval, factor, longest "
	"interval (300 1.5 14400)"},
    {"retry=300 2m 14400",
	"-o retry: \"300 2m 14400\" is not first interval, factor, longest "
	"interval (300 1.5 14400)"},
    {"retry=0 1 0",
	"-o retry: \"0 1 0\" is not first interval, factor, longest interval "
	"(300 1.5 14400)"},
    {"retry=1 1 2 3",
	"-o retry: \"1 1 2 3\" is not first interval, factor, longest "
	"interval (300 1.5 14400)"},
    {"workers=0", "-o workers: \"0\" is not a whole number above 0"},
    {"amqpwindow=0", "-o amqpwindow: \"0\" is not a whole number above 0"},
    {"queuedir=", "-o queuedir: \"\" is not a path"},
    {"virtualdomains=a.example:b,c.example:", NULL},
    {"virtualdomains=a.example:b,c.example",
	"-o virtualdomains: \"c.example\" is not key:value"},
    {"databyte=3",
	"-o \"databyte\" is no control; did you mean databytes?"},
    {"smtp-max-siz=3",
	"-o \"smtp-max-siz\" is no control; did you mean smtp-max-size?"},
    {"xyzzyplugh=3", "-o \"xyzzyplugh\" is no control"},
    {"Databytes=3",
	"-o \"Databytes\" is no control; did you mean databytes?"},
    {"databytes", "-o \"databytes\" is not name=value"},
    {"=5", "-o \"\" is no control"},
    {"amqp=amqp://u:secret@h/,amqp://u:sec@ret\x01@h/",
	"-o amqp: \"amqp://u:***@h/\" holds a control character"},
};

static void
test_values(void)
{
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		int result = load(values[i].option);

		if (values[i].want == NULL) {
			if (!is_int(result, 0, values[i].option))
				diag("%s", complaint());
			continue;
		}
		is_int(result, -1, values[i].option);
		is_str(complaint(), values[i].want, "the complaint");
		ok(usage, "an option is to blame");
	}
	load("databytes=64k");
	is_int((int64_t)c.databytes, 65536, "64k");
	is_span(c.text[CONTROL_databytes], SPAN("64k"), "text as written");
	load("timeoutsmtpd=1.5");
	is_int(c.timeoutsmtpd, 1500, "1.5 s");
	load("pipelining=no");
	ok(!c.pipelining, "no");
	load("me=");
	ok(c.me.n > 0, "empty me: the host's own name");
	load("me=mx.example.org");
	is_span(joined(&c.locals), SPAN("<mx.example.org><localhost>"),
	    "locals follows me");
	is_span(c.localiphost, SPAN("mx.example.org"),
	    "localiphost follows me");
}

static void
test_long_value(void)
{
	struct buf option = {0};

	buf_puts(&option, "maxerrors=");
	for (size_t i = 0; i < 5000; i++)
		buf_putc(&option, 'x');
	is_int(load(buf_cstr(&option)), -1, "a long bad value");
	ok(err.n < 200, "its complaint is short");
	buf_reset(&option);
	for (size_t i = 0; i < 5000; i++)
		buf_putc(&option, 'x');
	buf_puts(&option, "=1");
	is_int(load(buf_cstr(&option)), -1, "a long bad name");
	ok(err.n < 200, "its complaint is short");
	buf_free(&option);
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
	test_values();
	test_long_value();
	test_lists();
	test_environment();
	test_for_children();
	test_set();
	rmdir(dir);
	arena_free(&c.arena);
	buf_free(&err);
	return done_testing();
}
