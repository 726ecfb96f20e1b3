/* The Lua engine: what goes into a hook: arguments, and the tables client,
 * connection, transaction and context (t/lua/client.lua). */
#include "clock.h"
#include "hook_test.h"

static struct buf written;
static bool waits;

/* What DNS would do: it waits as long as the hook may. */
static void
wait_for_ever(void)
{
	while (waits && clock_left(hook_deadline()) > 0)
		usleep(1000);
}

static struct span
host(void *session)
{
	wait_for_ever();
	return span_of(session);
}

static bool
write_now(void *session, struct span text)
{
	(void)session;
	wait_for_ever();
	buf_put(&written, text);
	buf_putc(&written, '|');
	return true;
}

static char name[] = "mx.example.org";
static struct span recipients[1000] = {SPAN_LIT("one@example.com"),
    SPAN_LIT("two@example.com"), SPAN_LIT("three@example.com")};

static const struct hook_facts known = {
    .session = name,
    .ip = SPAN_LIT("192.0.2.1"),
    .port = SPAN_LIT("40001"),
    .local_ip = SPAN_LIT("192.0.2.25"),
    .local_port = SPAN_LIT("25"),
    .helo = SPAN_LIT("client.example.org"),
    .protocol = SPAN_LIT("ESMTPA"),
    .auth_user = SPAN_LIT("bob"),
    .auth_mechanism = SPAN_LIT("PLAIN"),
    .id_session = SPAN_LIT("S1"),
    .id_transaction = SPAN_LIT("T1"),
    .input = SPAN_LIT("MAIL FROM:<a@example.org>"),
    .msg_file = SPAN_LIT("/q/tmp/T1"),
    .sender = SPAN_LIT("a@example.org"),
    .params = SPAN_LIT("SIZE=10 body=8BITMIME SMTPUTF8 X="),
    .recipients = recipients,
    .nrecipients = 3,
    .pipelining = true,
    .host = host,
    .write = write_now,
};

static void
fine(const char *what)
{
	run_case(what);
	if (!ok(!v.failed, what))
		diag("%s", logged());
}

static void
tables(void)
{
	facts = (struct hook_facts){0};
	fine("unknown");
	facts = known;
	fine("address");
	fine("outside");
	fine("connection");
	fine("transaction");
	fine("read-only");
	fine("pairs");
	facts.in_transaction = true;
	fine("inside");
	facts.in_transaction = false;
	fine("outside");
	fine("write");
	is_span(buf_span(&written), SPAN("250-wait\r\n||12|"),
	    "client.write() wrote");
	facts.nrecipients = 1000;
	gives("many", VERDICT_REPLY, 250, "1000000");
	facts.nrecipients = 3;
	config.facts = NULL;
	ok(load_file("client.lua"), "without facts, as in queuerun");
	fine("no session");
	config.facts = &facts;
}

static void
arguments(void)
{
	struct hook_arg rcpt[] = {HOOK_STRING(SPAN("")), {.type = ARG_NIL},
	    HOOK_PARAMS(SPAN(""))};
	struct hook_arg dot[] = {HOOK_INTEGER(-5), HOOK_BOOLEAN(false),
	    HOOK_STRING(SPAN("a\0b"))};
	struct hook_arg close_arg = HOOK_BOOLEAN(true);

	gives("arguments", VERDICT_REPLY, 250, "fine");
	is_int(hook_nparams(hooks, HOOK_rcpt), 3, "three parameters");
	hook_run(hooks, HOOK_rcpt, rcpt, 3, &v);
	ok(v.kind == VERDICT_REPLY, "empty string, nil, no params");
	hook_run(hooks, HOOK_dot, dot, 3, &v);
	ok(v.kind == VERDICT_REPLY, "integer, boolean, string with NUL");
	logged();
	hook_run(hooks, HOOK_close, &close_arg, 1, &v);
	ok(has(logged(), "event=print text=\"close\\tinteger\""),
	    "print writes one log line");
}

static void
list(const char *change, const char *want, const char *what)
{
	struct hook_arg args[] = {HOOK_STRING(span_of(change)),
	    HOOK_LIST(SPAN("PIPELINING\nSIZE 0"))};

	logged();
	hook_run(hooks, HOOK_ehlo, args, 2, &v);
	if (want == NULL)
		ok(v.list.p == NULL, what);
	else
		is_span(v.list, span_of(want), what);
}

static void
lists(void)
{
	struct hook_arg args[] = {HOOK_STRING(SPAN("add")),
	    HOOK_LIST(SPAN(""))};

	list("nothing", NULL, "a list that is left alone");
	ok(v.kind == VERDICT_DEFAULT && !v.failed, "... is no reply");
	list("add", "PIPELINING\nSIZE 0\nXNEW", "an item more");
	list("remove", "SIZE 0", "an item less");
	list("replace", "ONLY", "another list");
	ok(v.kind == VERDICT_DEFAULT && !v.failed, "... is no reply");
	list("empty", "", "an empty one");
	ok(v.list.p != NULL, "... is not the same as none");
	list("clear", "", "emptied");
	list("refuse", NULL, "refused");
	ok(v.kind == VERDICT_REJECT, "... with a reply");
	list("number", NULL, "a number in it");
	ok(v.failed && has(logged(), "item 1 of the list is a number"),
	    "... is an error");
	list("control", NULL, "a control character in it");
	ok(v.failed && has(logged(), "control character"), "... is an error");
	list("big", NULL, "100 kB in it");
	ok(v.failed && has(logged(), "too long"), "... are an error");
	list("drop and list", "LAST", "a list after the drop flag");
	ok(v.drop, "... drops");
	hook_run(hooks, HOOK_ehlo, args, 2, &v);
	is_span(v.list, SPAN("XNEW"), "an empty list to begin with");
}

static void
deadlines(void)
{
	config.timeout_ms = 100;
	ok(load_file("client.lua"), "with 100 ms");
	waits = true;
	fails("slow", VERDICT_DEFER, "out of time");
	fails("slow write", VERDICT_DEFER, "out of time");
	waits = false;
	ok(hook_deadline() == CLOCK_NEVER, "no deadline outside a hook");
}

int
main(void)
{
	facts = known;
	if (!ok(load_file("client.lua"), "t/lua/client.lua loads"))
		return done_testing();
	tables();
	ok(load_file("client.lua"), "again");
	arguments();
	lists();
	deadlines();
	buf_free(&written);
	return done_testing();
}
