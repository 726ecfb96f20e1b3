/* plan: which route, which group, which line. */
#include "tap.h"
#include "plan.h"
#include "route.h"

static struct controls c;
static struct plan p;
static struct arena a;

static void
set(const char *name, const char *value)
{
	struct buf err = {0};

	if (control_set(&c, span_of(name), span_of(value), FROM_OPTION, &err) ==
	    -1)
		ok(false, buf_cstr(&err));
	buf_free(&err);
}

static struct envelope
envelope_of(struct envelope_rcpt *rcpts, size_t n)
{
	return (struct envelope){.id = SPAN("01k7s8r8p33dbvoqpl6m4nkg0v"),
	    .sender = SPAN("s@example.net"), .rcpts = rcpts, .nrcpts = n};
}

static struct span
route_of(const char *address)
{
	struct envelope env = envelope_of(NULL, 0);
	struct span route = {NULL, 0};

	if (plan_route(&p, &env, span_of(address), &a, &route) == -1)
		return SPAN("(error)");
	return route;
}

#define ROUTE(address, want, name) is_span(route_of(address), SPAN(want), name)

static void
test_routes(void)
{
	set("me", "mx.test");
	set("locals", "local.test,mx.test");
	set("virtualdomains", "virt.test:user,joe@half.test:joe,"
			      ".wide.test:all,not.wide.test:");
	set("routes", "a.test:amqp:ex/key:x,.a.test:maildir:/srv/%d/%u,"
		      "b.c.test:pipe:cat");
	set("smtproutes", "r.test:relay.test,s.test:relay.test:2525,"
			  ".t.test:[::1],u.test:[::1]:26,mx2.test:");
	set("route", "smtp:");
	ROUTE("x@a.test", "amqp:ex/key:x", "routes, split at the first colon");
	ROUTE("x@A.Test", "amqp:ex/key:x", "in any case");
	ROUTE("x@b.a.test", "maildir:/srv/%d/%u", ".suffix");
	ROUTE("x@c.b.a.test", "maildir:/srv/%d/%u", ".suffix, two levels up");
	ROUTE("x@aa.test", "smtp:", "a suffix begins at a dot");
	ROUTE("x@b.c.test", "pipe:cat", "whole domain");
	ROUTE("x@x.b.c.test", "smtp:", "and not what is below it");
	ROUTE("x@local.test", "maildir:", "locals");
	ROUTE("x@LOCAL.test", "maildir:", "locals, in any case");
	ROUTE("postmaster", "maildir:", "no domain is our own");
	ROUTE("x@virt.test", "maildir:", "virtualdomains");
	ROUTE("joe@half.test", "maildir:", "a virtual address");
	ROUTE("jim@half.test", "smtp:", "its domain is not");
	ROUTE("x@any.wide.test", "maildir:", "a virtual suffix");
	ROUTE("x@not.wide.test", "smtp:", "an exception to it");
	ROUTE("x@r.test", "smtp:relay.test:25", "smtproutes, port 25");
	ROUTE("x@s.test", "smtp:relay.test:2525", "smtproutes with a port");
	ROUTE("x@z.t.test", "smtp:[::1]:25", "smtproutes, a literal");
	ROUTE("x@u.test", "smtp:[::1]:26", "a literal with a port");
	ROUTE("x@mx2.test", "smtp:", "an empty relay: MX");
	ROUTE("\"a@b\"@local.test", "maildir:", "the last @ counts");
	ROUTE("x@", "smtp:", "an empty domain");
	ROUTE("x@.", "smtp:", "a dot");
	set("smtproutes", ":all.test");
	ROUTE("x@elsewhere.test", "smtp:all.test:25", "smtproutes for all");
	set("smtproutes", "none.test:");
	set("route", "discard:");
	ROUTE("x@elsewhere.test", "discard:", "the control route is the last");
}

static void
test_meta(void)
{
	struct envelope_meta meta = {SPAN("route"), META_STRING,
	    SPAN("amqp:x/y")};
	struct envelope env = envelope_of(NULL, 0);
	struct span route;

	env.meta = &meta;
	env.nmeta = 1;
	plan_route(&p, &env, SPAN("x@a.test"), &a, &route);
	is_span(route, SPAN("amqp:x/y"), "metadata before everything");
	meta.value.n = 0;
	plan_route(&p, &env, SPAN("x@a.test"), &a, &route);
	is_span(route, SPAN("amqp:ex/key:x"), "empty metadata is none");
}

static void
test_scheme(void)
{
	static const char *const bad[] = {"", ":", "bare", ":x", "a/b:x",
	    "../x:", "a.b:", "-x:", "a b:", "a\nb:",
	    "abcdefghijklmnopqrstuvwxyz0123456:"};
	struct span s;

	ok(route_scheme(SPAN("maildir:/x:y"), &s), "a route");
	is_span(s, SPAN("maildir"), "its name");
	ok(route_scheme(SPAN("x-2:"), &s), "a dash and a digit");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(!route_scheme(span_of(bad[i]), &s), bad[i]);
}

static void
test_groups(void)
{
	struct envelope_rcpt r[] = {
	    {RCPT_DELIVERED, SPAN("1@a.test"), {NULL, 0}, 0},
	    {RCPT_OPEN, SPAN("2@local.test"), {NULL, 0}, 0},
	    {RCPT_OPEN, SPAN("3@a.test"), {NULL, 0}, 0},
	    {RCPT_FAILED, SPAN("4@b.c.test"), {NULL, 0}, 0},
	    {RCPT_OPEN, SPAN("5 %@a.test"), {NULL, 0}, 0},
	};
	struct envelope env = envelope_of(r, 5);
	struct plan_group *g;
	struct buf line = {0};
	size_t n;

	is_int(plan_entry(&p, &env, &a, &g, &n), 0, "groups");
	is_size(n, 2, "two have open recipients");
	is_span(g[0].route, SPAN("amqp:ex/key:x"), "in order of the first");
	is_size(g[0].first, 1, "which may be done");
	is_size(g[0].nrcpts, 2, "and is not tried");
	is_size(g[0].rcpts[0], 2, "the first open one");
	is_size(g[0].rcpts[1], 4, "the second");
	ok(g[0].repeat && !g[0].whole, "some are done, others elsewhere");
	is_size(g[1].first, 2, "the other group");
	ok(!g[1].repeat && !g[1].whole, "none is done");
	plan_format_job(7, &env, 1234, &g[0], &line);
	is_span(buf_span(&line),
	    SPAN("job 7 01k7s8r8p33dbvoqpl6m4nkg0v amqp:ex/key:x 1234 "
		 "s@example.net 3@a.test 5%20%25@a.test ; first=1 whole=0 "
		 "members=1,3,5\n"),
	    "its line");
	buf_reset(&line);
	env.sender = SPAN("");
	plan_format_job(8, &env, 0, &g[1], &line);
	is_span(buf_span(&line),
	    SPAN("job 8 01k7s8r8p33dbvoqpl6m4nkg0v maildir: 0 <> "
		 "2@local.test\n"), "the null sender, and nothing done");
	buf_free(&line);
	for (size_t i = 0; i < 5; i++)
		r[i].state = RCPT_DELIVERED;
	plan_entry(&p, &env, &a, &g, &n);
	is_size(n, 0, "nobody left, no group");
}

/* Groups of many: the same whoever is done, and no line too long. */
static void
test_long(void)
{
	enum { N = 4000 };
	static struct envelope_rcpt r[N];
	struct envelope env = envelope_of(r, N);
	struct plan_group *all, *some;
	struct buf line = {0};
	size_t nall, nsome, total = 0;
	bool fit = true, same = true;

	for (size_t i = 0; i < N; i++) {
		r[i].state = RCPT_OPEN;
		r[i].address = arena_printf(&a,
		    "somebody with a long name %zu@a.test", i);
	}
	plan_entry(&p, &env, &a, &all, &nall);
	ok(nall > 1, "several lines");
	for (size_t i = 0; i < nall; i++) {
		buf_reset(&line);
		plan_format_job(UINT64_MAX, &env, UINT64_MAX, &all[i], &line);
		fit = fit && line.n <= PLAN_LINE_MAX && !all[i].too_long;
		total += all[i].nrcpts;
	}
	ok(fit, "none is too long");
	is_size(total, N, "everybody once");
	for (size_t i = 0; i < N; i++)
		if (i % 7 != 0)
			r[i].state = RCPT_DELIVERED;
	plan_entry(&p, &env, &a, &some, &nsome);
	is_size(nsome, nall, "as many when most are done");
	for (size_t i = 0; i < nsome && i < nall; i++)
		same = same && some[i].first == all[i].first;
	ok(same, "which begin at the same recipients");

	char *huge = arena_alloc(&a, 40000);

	memset(huge, ' ', 40000);
	r[0].address = span_make(huge, 40000);
	r[0].state = RCPT_OPEN;
	env.nrcpts = 2;
	r[1].state = RCPT_OPEN;
	plan_entry(&p, &env, &a, &all, &nall);
	is_size(nall, 2, "an address that fits no line is alone");
	ok(all[0].too_long && !all[1].too_long, "and known as such");
	buf_free(&line);
}

int
main(void)
{
	struct buf err = {0};
	bool usage;

	if (control_load(&c, "/", NULL, 0, &err, &usage) == -1) {
		ok(false, buf_cstr(&err));
		return done_testing();
	}
	is_int(plan_init(&p, &c), 0, "no routes.cdb is no trouble");
	test_routes();
	test_meta();
	test_scheme();
	test_groups();
	test_long();
	plan_free(&p);
	arena_free(&a);
	return done_testing();
}
