/* control: each type's good and bad values, and the complaints' words. */
#include "control.h"
#include "tap.h"
#include <stdlib.h>
#include <unistd.h>

static struct controls c;
static struct buf err;
static bool usage;

/* Loads with nothing but one -o. */
static int
load(const char *option)
{
	arena_free(&c.arena);
	buf_reset(&err);
	return control_load(&c, NULL, &option, 1, &err, &usage);
}

static const char *
complaint(void)
{
	return buf_cstr(&err);
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
    {"timeoutsmtpd=20 minutes", NULL},
    {"timeoutsmtpd=1h 30m", NULL},
    {"timeoutsmtpd=20 parsecs", "-o timeoutsmtpd: \"20 parsecs\" is not a time "
	"(300, 1.5, 250ms, 5m, 4h, 7d)"},
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
    {"route=maildir:/x/%d:y", NULL},
    {"route=x-2:", NULL},
    {"route=xyzzy",
	"-o route: \"xyzzy\" is not a route (maildir:, smtp:host, ...)"},
    {"routes=a.example:smtp:[::1]:25,.b.example:discard:", NULL},
    {"routes=a.example:maildir",
	"-o routes: \"a.example:maildir\" is not domain:route "
	"(example.org:maildir:, ...)"},
    {"smtproutes=a.example:relay:26,b.example:,:[192.0.2.1]:25,c:192.0.2.1",
	NULL},
    {"smtproutes=a.example::26", NULL},
    {"smtproutes=a.example:relay:smtp",
	"-o smtproutes: \"a.example:relay:smtp\" is not domain:relay or "
	"domain:relay:port"},
    {"maxline=0", "-o maxline: \"0\" is not a size above 0"},
    {"maxheader=0k", "-o maxheader: \"0k\" is not a size above 0"},
    {"luamemory=0", "-o luamemory: \"0\" is not a size above 0"},
    {"hooktimeout=0 minutes",
	"-o hooktimeout: \"0 minutes\" is not a time above 0"},
    {"hooktimeout=0s", "-o hooktimeout: \"0s\" is not a time above 0"},
    {"hooktimeout=1ms", NULL},
    {"dnsservers=192.0.2.1,[::1]:53,127.0.0.1:5353,::1", NULL},
    {"dnsservers=192.0.2.1,ns.example.org",
	"-o dnsservers: \"ns.example.org\" is not IP, IP:PORT or [IP]:PORT"},
    {"smarthost=mx.example.org:26,192.0.2.1,/run/smtp", NULL},
    {"smarthost=mx.example.org:smtp",
	"-o smarthost: \"mx.example.org:smtp\" is not a host, or host:port"},
    {"authplain=1", NULL},
    {"authplain=0", NULL},
    {"authplain=127.0.0.1,2001:db8::/32", NULL},
    {"authplain=localhost",
	"-o authplain: \"localhost\" is neither 1, 0 nor a network "
	"(192.0.2.0/24)"},
    {"retry=300 1.5 14400", NULL},
    {"retry=5m 2 4h", NULL},
    {"retry=300 1.5",
	"-o retry: \"300 1.5\" is neither first interval, factor, longest "
	"interval (300 1.5 14400) nor a list of intervals (300 600 3600)"},
    {"retry=300 0.5 14400",
	"-o retry: \"300 0.5 14400\" is neither first interval, factor, longest "
	"interval (300 1.5 14400) nor a list of intervals (300 600 3600)"},
    {"retry=300 2m 14400",
	"-o retry: \"300 2m 14400\" is neither first interval, factor, longest "
	"interval (300 1.5 14400) nor a list of intervals (300 600 3600)"},
    {"retry=0 1 0",
	"-o retry: \"0 1 0\" is neither first interval, factor, longest "
	"interval (300 1.5 14400) nor a list of intervals (300 600 3600)"},
    {"retry=300 600 1h 1h 4h", NULL},
    {"retry=1 1 3 2",
	"-o retry: \"1 1 3 2\" is neither first interval, factor, longest "
	"interval (300 1.5 14400) nor a list of intervals (300 600 3600)"},
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
	load("timeoutsmtpd=2 minutes");
	is_int(c.timeoutsmtpd, 120000, "2 minutes");
	load("pipelining=no");
	ok(!c.pipelining, "no");
	load("me=");
	ok(c.me.n > 0, "empty me: the host's own name");
	load("me=mx.example.org");
	is_span(c.locals.v[0], SPAN("mx.example.org"), "locals follows me");
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

int
main(void)
{
	char dir[] = "/tmp/smtpe-control-XXXXXX";

	if (mkdtemp(dir) == NULL) {
		printf("Bail out! %s\n", dir);
		return 1;
	}
	setenv("SMTPE_CONTROL", dir, 1);
	test_values();
	test_long_value();
	rmdir(dir);
	arena_free(&c.arena);
	buf_free(&err);
	return done_testing();
}
