/* queue_config, queue_name, duration, queue_table: how queues are named and
 * treated. */
#include "duration.h"
#include "queue_config.h"
#include "queue_table.h"
#include "tap.h"

static struct arena a;

static void
durations(void)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
	    {"20 minutes", 1200000}, {"20minutes", 1200000},
	    {"1 minute", 60000}, {"20m", 1200000}, {"20 MIN", 1200000},
	    {"1h30m", 5400000}, {"1 hour 30 min", 5400000}, {"2 hrs", 7200000},
	    {"1.5 hours", 5400000}, {"300", 300000}, {"0.25", 250},
	    {"250 ms", 250}, {"3 days", 259200000}, {"1 week 1 s", 604801000},
	    {" 7d ", 604800000}, {"0", 0}, {"1 day 1 day", 172800000},
	    {"", -1}, {" ", -1}, {"m", -1}, {"minutes", -1}, {"-1", -1},
	    {"-1 minute", -1}, {"1 fortnight", -1}, {"1 minutess", -1},
	    {"1 ss", -1}, {"1 ms 2", -1}, {"1 2", -1}, {"1e3", -1},
	    {"1..5 h", -1}, {"99999999999 weeks", -1}, {"1 minute,", -1},
	    {"9999999999999999999999999999999999999999 s", -1},
	    {"5000000 days 5000000 days", -1},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t ms = -1;
		int r = duration_parse(span_of(cases[i].text), &ms);

		is_int(r, cases[i].ms == -1 ? -1 : 0, cases[i].text);
		is_int(ms, cases[i].ms, "... milliseconds");
	}
}

/* Parsed, and formatted again. */
static const char *
again(const char *text, bool *wrong)
{
	static struct buf out;
	struct queue_config c = {0};
	struct span bad = span_of(NULL);
	const char *why = queue_config_parse(span_of(text), &a, &c, &bad);

	buf_reset(&out);
	*wrong = why != NULL;
	if (why != NULL)
		buf_printf(&out, "%.*s %s", SPAN_ARG(bad), why);
	else
		queue_config_format(&c, &out);
	return buf_cstr(&out);
}

static void
configs(void)
{
	static const struct {
		const char *text, *formatted;
	} cases[] = {
	    {"", ""},
	    {"retry_interval=20m max_age=7d", "retry_interval=1200 "
	     "max_age=604800"},
	    {" max_retry_interval=20%20minutes\tmax_attempts=3 ",
	     "max_retry_interval=1200 max_attempts=3"},
	    {"concurrency=5 rate=100/minute",
	     "concurrency=5 rate=100/60000ms"},
	    {"rate=10/s", "rate=10/1000ms"}, {"rate=10/2h",
	     "rate=10/7200000ms"},
	    {"retry_interval=1.5", "retry_interval=1500ms"},
	    {"route=smtp:[192.0.2.1]:25", "route=smtp:[192.0.2.1]:25"},
	    {"route=pipe:a%20b%25", "route=pipe:a%20b%25"},
	    {"max_attempts=1 max_attempts=2", "max_attempts=2"},
	};
	static const struct {
		const char *text, *why;
	} wrong[] = {
	    {"x", "x is not name=value"}, {"=", "= is not known here"},
	    {"max_ages=1", "max_ages=1 is not known here"},
	    {"max_age=", "max_age= is not a time (300, 5m, 20 minutes)"},
	    {"max_age=0", "max_age=0 is not a time (300, 5m, 20 minutes)"},
	    {"max_attempts=0", "max_attempts=0 is not a whole number from 1"},
	    {"max_attempts=1.5",
	     "max_attempts=1.5 is not a whole number from 1"},
	    {"concurrency=-1", "concurrency=-1 is not a whole number from 1"},
	    {"concurrency=99999999999",
	     "concurrency=99999999999 is not a whole number from 1"},
	    {"rate=5", "rate=5 is not a rate (100/minute, 10/s)"},
	    {"rate=5/", "rate=5/ is not a rate (100/minute, 10/s)"},
	    {"rate=0/s", "rate=0/s is not a rate (100/minute, 10/s)"},
	    {"rate=5/fortnight",
	     "rate=5/fortnight is not a rate (100/minute, 10/s)"},
	    {"route=", "route= is not a route (maildir:, smtp:host, ...)"},
	    {"route=x", "route=x is not a route (maildir:, smtp:host, ...)"},
	    {"route=x:%0a", "route=x:%0a holds a control character"},
	    {"route=x:%", "route=x:% holds a bad escape"},
	    {"max_age=1 max_age=y max_age=2",
	     "max_age=y is not a time (300, 5m, 20 minutes)"},
	};
	bool bad;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *got = again(cases[i].text, &bad);

		is_str(got, cases[i].formatted, cases[i].text);
		ok(!bad, "... is right");
		is_str(again(cases[i].formatted, &bad), cases[i].formatted,
		    "... and reads back as it is written");
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		is_str(again(wrong[i].text, &bad), wrong[i].why,
		    wrong[i].text);
		ok(bad, "... is wrong");
	}
}

static void
names(void)
{
	static const char *const round[] = {"example.org",
	    "acme@example.org", "news:acme@example.org",
	    "news:@example.org", "example.org!mx.example",
	    "news:acme@example.org!mx.example", "", "a:b:c@d!e!f"};
	struct queue_parts p;
	struct buf out = {0};

	for (size_t i = 0; i < sizeof round / sizeof *round; i++) {
		buf_reset(&out);
		queue_name_split(span_of(round[i]), &p);
		queue_name_format(&p, &out);
		is_span(buf_span(&out), span_of(round[i]), round[i]);
	}
	queue_name_split(SPAN("news:acme@example.org!mx.example"), &p);
	is_span(p.campaign, SPAN("news"), "campaign");
	is_span(p.tenant, SPAN("acme"), "tenant");
	is_span(p.domain, SPAN("example.org"), "domain");
	is_span(p.routing_domain, SPAN("mx.example"), "routing domain");
	is_span(queue_name_routing(&p), SPAN("mx.example"), "... routes");
	queue_name_split(SPAN("example.org!"), &p);
	is_span(queue_name_routing(&p), SPAN("example.org"),
	    "without one the domain routes");
	buf_free(&out);
}

static void
parts_of_entries(void)
{
	struct envelope_rcpt rcpts[] = {{.address = SPAN("u@a.example")},
	    {.address = SPAN("v@b.example")}};
	struct envelope_meta meta[] = {
	    {SPAN("tenant"), META_STRING, SPAN("acme")},
	    {SPAN("campaign"), META_STRING, SPAN("news")},
	    {SPAN("routing_domain"), META_STRING, SPAN("mx.example")},
	    {SPAN("queue"), META_STRING, SPAN("other@q.example")}};
	struct envelope env = {.rcpts = rcpts, .nrcpts = 2, .meta = meta};
	static const char *const want[] = {"a.example", "acme@a.example",
	    "news:acme@a.example", "news:acme@a.example!mx.example",
	    "other@q.example"};
	struct queue_parts p;
	struct buf out = {0};

	for (size_t i = 0; i < 5; i++) {
		buf_reset(&out);
		env.nmeta = i;
		queue_name_parts(&env, &p);
		queue_name_format(&p, &out);
		is_span(buf_span(&out), span_of(want[i]), want[i]);
	}
	env.nmeta = 0;
	rcpts[0].address = SPAN("postmaster");
	queue_name_parts(&env, &p);
	is_span(p.domain, span_of(""), "an address without a domain");
	rcpts[0].address = SPAN("\"a@b\"@c.example");
	queue_name_parts(&env, &p);
	is_span(p.domain, SPAN("c.example"), "the last @ counts");
	buf_free(&out);
}

static void
tables(void)
{
	struct span items[] = {SPAN("acme@a.example:max_age=1"),
	    SPAN("a.example:max_age=2"), SPAN(".example:max_age=3"),
	    SPAN("acme@:max_age=4"), SPAN(":max_age=5")};
	struct control_list map = {items, 5, true};
	struct cdbmap cdb = {.path = "/nonexistent/queues.cdb"};
	struct tables t = {&map, &cdb, &a};
	static const struct {
		const char *name, *want;
	} cases[] = {
	    {"acme@a.example", "max_age=1"},
	    {"news:ACME@A.Example", "max_age=1"},
	    {"a.example", "max_age=2"},
	    {"other@a.example", "max_age=2"},
	    {"b.example", "max_age=3"}, {"acme@x.b.example", "max_age=3"},
	    {"b.example!a.example", "max_age=2"},
	    {"acme@c.test", "max_age=4"}, {"c.test", "max_age=5"},
	    {"example", "max_age=5"}, {"", "max_age=5"},
	    {"c.example.", "max_age=5"},
	};
	struct queue_parts p;
	struct span text;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		text = span_of(NULL);
		queue_name_split(span_of(cases[i].name), &p);
		is_int(queue_table_find(&t, &p, &text), 1, cases[i].name);
		is_span(text, span_of(cases[i].want), "... what is there");
	}
	map.n = 2;
	queue_name_split(SPAN("c.test"), &p);
	is_int(queue_table_find(&t, &p, &text), 0, "not there");
	map.n = 0;
	is_int(queue_table_find(&t, &p, &text), 0, "no table at all");
}

int
main(void)
{
	durations();
	configs();
	names();
	parts_of_entries();
	tables();
	arena_free(&a);
	return done_testing();
}
