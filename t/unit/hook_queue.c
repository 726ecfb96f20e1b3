/* hook_queue: what the stages of the queue are given and give
 * (t/lua/queue_stages.lua), and that no script stops a runner. */
#include "clock.h"
#include "hook_test.h"
#include <signal.h>

static void
ask(enum hook_id id, const char *name)
{
	struct hook_arg args[] = {HOOK_STRING(span_of(name))};

	logged();
	hook_run(hooks, id, args, 1, &v);
}

static void
verdicts(void)
{
	ask(HOOK_predelivery, "nothing");
	ok(v.kind == VERDICT_DEFAULT && !v.failed && !v.table, "nothing");
	ask(HOOK_postq, "hold");
	ok(v.kind == VERDICT_HOLD, "hold");
	is_span(v.reply.text, SPAN("for a look"), "... and why");
	ask(HOOK_postq, "later");
	ok(v.kind == VERDICT_DEFER && v.timed && v.uncounted, "defer");
	is_int(v.after, 91, "... for whole seconds, never less");
	is_int(v.reply.code, 452, "... with its code");
	ask(HOOK_predelivery, "soon");
	ok(v.timed && v.after == 0 && !v.uncounted, "at once");
	ask(HOOK_predelivery, "usual");
	ok(!v.timed && !v.uncounted, "as usual");
	ask(HOOK_predelivery, "bad_after");
	ok(v.failed && has(logged(), "opts.after"), "no time before now");
	ask(HOOK_predelivery, "bad_count");
	ok(v.failed && has(logged(), "opts.count"), "count is a boolean");
	ask(HOOK_postq, "trust");
	ok(v.failed && has(logged(), "means nothing in hook.postq"),
	    "what means nothing there");
	ask(HOOK_postq, "number");
	ok(v.failed, "no reply");
}

static void
routes(void)
{
	ask(HOOK_predelivery, "route");
	ok(v.kind == VERDICT_DEFAULT && !v.failed, "a route");
	is_span(v.list, SPAN("smtp:relay.example:2525"), "... as it is");
	ask(HOOK_postq, "route");
	ok(v.failed, "hook.postq has none");
	ask(HOOK_predelivery, "refused");
	ok(v.kind == VERDICT_REPLY && v.reply.code == 550, "a reply");
	ask(HOOK_predelivery, "options");
	ok(v.table && v.nfields == 4, "a table");
	is_span(v.fields[0].name, SPAN("helo"), "... by name");
	ask(HOOK_amqp, "named");
	ok(v.nfields == 2, "a table in a table");
	is_span(v.fields[0].name, SPAN("headers.a"), "... by both names");
	is_span(v.fields[1].text, SPAN("2"), "... with its values");
	ask(HOOK_send, "yes");
	ok(v.kind == VERDICT_ACCEPT && !v.failed, "sent");
	ask(HOOK_send, "refused");
	ok(v.kind == VERDICT_REPLY && v.reply.code == 550, "not sent");
	ask(HOOK_send, "no");
	ok(v.failed, "false says nothing");
	ask(HOOK_send, "nothing");
	ok(v.failed, "nothing says nothing");
	ask(HOOK_api, "yes");
	ok(v.kind == VERDICT_ACCEPT, "true admits");
	ask(HOOK_api, "text");
	ok(v.kind == VERDICT_REJECT, "a string does not");
	ask(HOOK_api, "nothing");
	ok(v.kind == VERDICT_REJECT, "nor does nothing");
	ask(HOOK_api, "bad_after");
	ok(v.kind == VERDICT_REJECT && v.failed, "nor does an error");
}

static void
tables(void)
{
	static const struct hook_field f[] = {
	    {.name = SPAN_LIT("recipients"), .type = FIELD_LIST,
		.text = SPAN_LIT("a@b\nc@d"), .items = 2},
	    {.name = SPAN_LIT("none"), .type = FIELD_LIST,
		.text = SPAN_LIT("")},
	    {.name = SPAN_LIT("one"), .type = FIELD_LIST,
		.text = SPAN_LIT(""), .items = 1},
	    {.name = SPAN_LIT("number"), .type = FIELD_NUMBER,
		.text = SPAN_LIT("3")},
	    {.name = SPAN_LIT("age"), .type = FIELD_NUMBER,
		.text = SPAN_LIT("2.5")},
	    {.name = SPAN_LIT("first"), .type = FIELD_BOOLEAN,
		.text = SPAN_LIT("1")},
	    {.name = SPAN_LIT("h.x"), .type = FIELD_STRING,
		.text = SPAN_LIT("1")},
	    {.name = SPAN_LIT("h.y.z"), .type = FIELD_STRING,
		.text = SPAN_LIT("2")},
	};
	struct hook_arg args[] = {HOOK_STRING(SPAN("x")),
	    HOOK_FIELDS(f, sizeof f / sizeof *f)};

	logged();
	hook_run(hooks, HOOK_predelivery, args, 2, &v);
	has(logged(), "{age=2.50,first=true,h={x=1,y.z=2},none={},number=3,"
	    "one={1=},recipients={1=a@b,2=c@d}}") ?
	    ok(true, "a table for a stage") : ok(false, "a table for a stage");
}

static void
with(struct hook_context *c, const char *name)
{
	struct hook_arg args[] = {HOOK_STRING(span_of(name))};

	logged();
	hook_run_with(hooks, HOOK_predelivery, args, 1, &v, c);
}

static void
contexts(void)
{
	struct hook_context a = {0}, b = {0};

	with(&a, "remember");
	with(&b, "remember");
	with(&a, "remember");
	with(&a, "remembered");
	ok(has(logged(), "kept 2"), "a table of its own");
	with(&b, "remembered");
	ok(has(logged(), "kept 1"), "... for each");
	hook_context_end(hooks, &a);
	with(&a, "remembered");
	ok(has(logged(), "kept nil"), "... and a new one behind its end");
	hook_context_end(hooks, &a);
	for (int i = 0; i < 10000; i++) {
		with(&a, "remember");
		hook_context_end(hooks, &a);
	}
	with(&b, "remembered");
	ok(has(logged(), "kept 1"), "ten thousand later");
	hook_context_end(hooks, &b);
}

static void
explosions(void)
{
	static const char *const names[] = {"explode", "explode_iterator",
	    "explode_coroutine", "explode_table"};
	struct hook_context c = {0};

	with(&c, "remember");
	for (size_t i = 0; i < 4; i++) {
		ask(HOOK_predelivery, names[i]);
		ok(v.failed && has(logged(), "the script is loaded anew"),
		    names[i]);
		ask(HOOK_predelivery, "route");
		is_span(v.list, SPAN("smtp:relay.example:2525"),
		    "... and the next call is as ever");
	}
	with(&c, "remembered");
	ok(has(logged(), "kept nil"), "a context is new then");
	hook_context_end(hooks, &c);
	ask(HOOK_predelivery, "loop");
	ok(v.failed && has(logged(), "out of time"), "a loop only ends");
	ask(HOOK_api, "explode");
	ok(v.failed && v.kind == VERDICT_REJECT, "and denies");
}

int
main(void)
{
	config.recover = true;
	config.timeout_ms = 100;
	if (!ok(load_file("queue_stages.lua"), "the script loads"))
		return done_testing();
	verdicts();
	routes();
	tables();
	contexts();
	explosions();
	return done_testing();
}
