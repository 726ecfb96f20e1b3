/* The Lua engine: everything that a hook may return, and its errors. The
 * scripts are t/lua/returns.lua and a few lines here. */
#include "hook_test.h"

static void
nothing(void)
{
	gives("nothing", VERDICT_DEFAULT, 0, "");
	gives("nil", VERDICT_DEFAULT, 0, "");
	gives("nil and more", VERDICT_DEFAULT, 0, "");
	hook_run(NULL, HOOK_mail, NULL, 0, &v);
	ok(v.kind == VERDICT_DEFAULT && !v.failed, "no script");
	ok(!hook_defined(NULL, HOOK_mail), "no script defines nothing");
	is_int(hook_nparams(NULL, HOOK_mail), 0, "... without parameters");
	hook_run(hooks, HOOK_dot, NULL, 0, &v);
	ok(v.kind == VERDICT_DEFAULT && !v.failed, "hook not defined");
	ok(!hook_defined(hooks, HOOK_dot), "... says so");
	ok(hook_defined(hooks, HOOK_mail), "hook defined");
	is_int(hook_nparams(hooks, HOOK_mail), 2, "... parameters");
}

static void
strings(void)
{
	struct buf text = {0};

	for (int i = 0; i < 994; i++)
		buf_putc(&text, 'x');
	gives("plain", VERDICT_REPLY, 250, "fine");
	gives("crlf", VERDICT_REPLY, 550, "no");
	gives("lines", VERDICT_REPLY, 250, "one\ntwo\nthree");
	gives("spaces between", VERDICT_REPLY, 250, "one\ntwo");
	gives("bare", VERDICT_REPLY, 250, "");
	gives("4xx", VERDICT_REPLY, 450, "later");
	gives("599", VERDICT_REPLY, 599, "last");
	gives("utf8", VERDICT_REPLY, 550, "na\xc3\xafve");
	gives("998 octets", VERDICT_REPLY, 250, buf_cstr(&text));
	gives("trailing value", VERDICT_REPLY, 250, "ok");
	buf_free(&text);
}

static void
no_replies(void)
{
	static const char *const names[] = {"empty", "no code", "199", "600",
	    "mixed", "nul", "bare CR", "bare LF", "smuggled", "escape",
	    "999 octets", "10 MB", "64 KiB and more", "220", "221", "235",
	    "334", "354", "number", "table", "function", "coroutine", "file",
	    "drop twice"};

	/* hookerror=defer is for errors: this is the default reply anyway. */
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		fails(names[i], VERDICT_DEFAULT, "no reply");
}

static void
drops(void)
{
	gives("drop alone", VERDICT_DEFAULT, 0, "");
	ok(v.drop && v.reply.drop, "... drops");
	gives("drop and nil", VERDICT_DEFAULT, 0, "");
	ok(v.drop, "... drops");
	gives("drop and reply", VERDICT_REPLY, 550, "no");
	ok(v.drop && v.reply.drop, "... drops");
	gives("no drop", VERDICT_DEFAULT, 0, "");
	ok(!v.drop, "... does not drop");
	gives("no drop and reply", VERDICT_REPLY, 250, "ok");
	ok(!v.drop, "... does not drop");
	gives("drop and verdict", VERDICT_REJECT, 550, "no");
	ok(v.drop && v.reply.drop, "... drops");
	fails("drop and nonsense", VERDICT_DEFAULT, "no reply: number");
	ok(v.drop, "... drops all the same");
}

static void
positive_verdicts(void)
{
	gives("accept", VERDICT_ACCEPT, 0, "");
	gives("accept text", VERDICT_ACCEPT, 0, "welcome");
	gives("trust", VERDICT_TRUST, 0, "");
	gives("trust text", VERDICT_TRUST, 0, "come in");
	gives("info", VERDICT_INFO, 250, "so it is");
	is_str(v.reply.enhanced, "2.0.0", "... enhanced");
	gives("info 550", VERDICT_INFO, 550, "so it is not");
	is_str(v.reply.enhanced, "5.7.1", "... enhanced");
	gives("discard", VERDICT_DISCARD, 0, "");
	gives("discard text", VERDICT_DISCARD, 0, "taken");
	gives("quarantine", VERDICT_QUARANTINE, 0, "");
	is_span(v.place, SPAN("spam"), "... where");
	gives("quarantine reply", VERDICT_QUARANTINE, 550,
	    "kept all the same");
	is_str(v.reply.enhanced, "5.7.1", "... enhanced");
	is_span(v.place, SPAN("spam"), "... where");
}

static void
refusals(void)
{
	gives("reject", VERDICT_REJECT, 550, "no");
	is_str(v.reply.enhanced, "5.7.1", "... enhanced");
	ok(!v.drop, "... does not drop");
	gives("reject code", VERDICT_REJECT, 554, "no");
	gives("reject 4xx", VERDICT_DEFER, 450, "not now");
	is_str(v.reply.enhanced, "4.7.1", "... enhanced");
	gives("reject enhanced", VERDICT_REJECT, 550, "no");
	is_str(v.reply.enhanced, "5.1.1", "... enhanced");
	gives("reject enhanced in the text", VERDICT_REJECT, 550, "no name");
	is_str(v.reply.enhanced, "5.7.25", "... enhanced");
	gives("reject wrong class in the text", VERDICT_REJECT, 550,
	    "4.7.25 no name");
	is_str(v.reply.enhanced, "5.7.1", "... enhanced");
	gives("reject drop", VERDICT_REJECT, 550, "no");
	ok(v.drop && v.reply.drop, "... drops");
	gives("reject lines", VERDICT_REJECT, 550, "one\ntwo");
	gives("reject controls", VERDICT_REJECT, 550, "a?b?c");
	gives("reject empty", VERDICT_REJECT, 550, "");
	run_case("reject 1 MB");
	ok(v.kind == VERDICT_REJECT && v.reply.text.n > 1000 &&
	    v.reply.text.n <= REPLY_MAX, "reject 1 MB is cut");
	gives("defer", VERDICT_DEFER, 451, "later");
	is_str(v.reply.enhanced, "4.7.1", "... enhanced");
	gives("defer code", VERDICT_DEFER, 452, "full");
	gives("defer enhanced", VERDICT_DEFER, 452, "full");
	is_str(v.reply.enhanced, "4.2.2", "... enhanced");
	gives("disconnect", VERDICT_DISCONNECT, 421, "bye");
	ok(v.drop && v.reply.drop, "... drops");
	gives("disconnect 554", VERDICT_DISCONNECT, 554, "never");
	gives("disconnect alone", VERDICT_DISCONNECT, 421, "bye");
}

static void
thrown(void)
{
	gives("thrown", VERDICT_REJECT, 550, "thrown");
	gives("thrown deep", VERDICT_DEFER, 451, "deep");
	gives("thrown in a coroutine", VERDICT_REJECT, 550, "co");
	gives("thrown and caught", VERDICT_REPLY, 250, "caught");
	gives("thrown and thrown again", VERDICT_REJECT, 550, "again");
	gives("thrown over xpcall", VERDICT_REJECT, 550, "over");
}

/* Errors of the script's: the default reply, or 451. */
static void
errors(enum verdict_kind kind)
{
	static const char *const wrong[] = {"reject nothing", "reject table",
	    "reject 250", "reject 600", "reject code without text",
	    "reject wrong enhanced", "reject no enhanced", "reject opts",
	    "reject opts.drop", "defer 550", "info 354", "info 221",
	    "quarantine nothing", "quarantine path", "quarantine empty",
	    "quarantine 250", "disconnect 250", "disconnect 221"};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		fails(wrong[i], kind, "hook.mail: ");
	fails("error", kind, "returns.lua:");
	fails("error level 2", kind, "blame");
	fails("error without a place", kind, ": nowhere");
	fails("error with a port", kind, ": 10.0.0.1:25: refused");
	fails("error nil", kind, "nil value");
	fails("error number", kind, "number value");
	fails("error table", kind, "table value");
	fails("error looping", kind, "table value");
	fails("error lines", kind, "one\\nevent=forged two");
	fails("error 1 MB", kind, "returns.lua:189: xxx");
	fails("runtime", kind, "attempt to index a nil value");
	fails("in a coroutine", kind, "inside");
	fails("yield", kind, "outside a coroutine");
	fails("exit", kind, "os.exit is not available");
	fails("recursion", kind, "stack overflow");
	fails("C recursion", kind, "C stack overflow");
	fails("no such case", kind, "nil value");
	gives("error in the handler", VERDICT_REPLY, 250, "survived");
}

static void
deferred(void)
{
	run_case("error");
	is_int(v.reply.code, 451, "hookerror=defer: 451");
	is_str(v.reply.enhanced, "4.3.0", "... 4.3.0");
	ok(v.reply.text.n > 0 && !v.drop, "... a text, no drop");
}

static void
run_stage(enum hook_id id, const char *what)
{
	struct hook_arg arg = HOOK_STRING(span_of(what));

	logged();
	hook_run(hooks, id, &arg, 1, &v);
}

static void
stages(void)
{
	run_stage(HOOK_accept, "220 hello");
	ok(v.kind == VERDICT_REPLY && v.reply.code == 220, "220 at accept");
	run_stage(HOOK_accept, "354 go");
	ok(v.kind == VERDICT_DEFAULT && v.failed, "354 at accept");
	run_stage(HOOK_quit, "221 bye");
	ok(v.kind == VERDICT_REPLY && v.reply.code == 221, "221 at quit");
	run_stage(HOOK_quit, "disconnect");
	ok(v.kind == VERDICT_DISCONNECT && v.reply.code == 221 && v.drop,
	    "disconnect with 221 at quit");
	run_stage(HOOK_data, "354 go");
	ok(v.kind == VERDICT_REPLY && v.reply.code == 354, "354 at data");
	run_stage(HOOK_data, "info");
	ok(v.kind != VERDICT_INFO && v.failed, "info never says 354");
	run_stage(HOOK_quit, "reject");
	ok(v.kind == VERDICT_DEFAULT && v.failed &&
	    has(logged(), "action.reject means nothing in hook.quit"),
	    "a verdict that means nothing there");
	run_stage(HOOK_quit, "error");
	ok(v.kind == VERDICT_DEFAULT && v.failed,
	    "a stage that cannot defer does not");
	run_stage(HOOK_reset, "250 ok");
	ok(v.kind == VERDICT_DEFAULT && v.failed &&
	    has(logged(), "has no reply"), "a stage without a reply");
	run_stage(HOOK_close, "reject");
	ok(v.kind == VERDICT_DEFAULT && v.failed, "... and without verdicts");
}

/* The place of an error: the line, in the log line's own field. */
static void
places(void)
{
	ok(load_text("\nfunction hook.mail(s)\n  error('x')\nend\n"
		     "function hook.rcpt()\n  error({})\nend\n"
		     "function hook.data() return 1 end\n"
		     "function hook.quit() return action.trust() end\n"
		     "function hook.noop() error('a:1: b', 0) end\n"),
	    "a script with errors");
	run_case("x");
	ok(has(logged(), " line=3 text=\"hook.mail: hook-test.lua:3: x\""),
	    "of a string");
	hook_run(hooks, HOOK_rcpt, NULL, 0, &v);
	ok(has(logged(), " line=6 text=\"hook.rcpt: hook-test.lua:6: "),
	    "of a table");
	hook_run(hooks, HOOK_data, NULL, 0, &v);
	ok(has(logged(), " line=8 "), "of a wrong value");
	hook_run(hooks, HOOK_quit, NULL, 0, &v);
	ok(has(logged(), " line=9 "), "of a wrong verdict");
	hook_run(hooks, HOOK_noop, NULL, 0, &v);
	ok(has(logged(), " line=10 text=\"hook.noop: hook-test.lua:10: a:1"),
	    "of a text that looks like one");
}

static void
ids(void)
{
	facts.id_session = SPAN("sess1");
	facts.id_transaction = SPAN("trans1");
	run_case("x");
	ok(has(logged(), " id=sess1 "), "the session's id");
	facts.in_transaction = true;
	run_case("x");
	ok(has(logged(), " id=trans1 "), "the transaction's id");
}

/* What a verdict borrows lives until the next call, whatever Lua does. */
static void
borrowed(void)
{
	ok(load_text("function hook.mail(s) return action.quarantine('p', "
		     "{reply = '550 ' .. s .. s}) end\n"), "made of pieces");
	run_case("abc");
	is_span(v.reply.text, SPAN("abcabc"), "the text is a copy");
	is_span(v.place, SPAN("p"), "the place is a copy");
}

int
main(void)
{
	if (!ok(load_file("returns.lua"), "t/lua/returns.lua loads"))
		return done_testing();
	nothing();
	strings();
	no_replies();
	drops();
	positive_verdicts();
	refusals();
	thrown();
	errors(VERDICT_DEFAULT);
	stages();
	config.defer_errors = true;
	ok(load_file("returns.lua"), "with hookerror=defer");
	errors(VERDICT_DEFER);
	deferred();
	no_replies();
	stages();
	places();
	ids();
	borrowed();
	return done_testing();
}
