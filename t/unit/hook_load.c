/* The Lua engine: loading a script, what it has of the standard libraries
 * (t/lua/sandbox.lua), and the table hook. */
#include "hook_test.h"
#include <sys/stat.h>

/* Runs a case whose checks are its own. */
static void
fine(const char *name)
{
	run_case(name);
	if (!ok(!v.failed, name))
		diag("%s", logged());
}

static void
put_file(const char *name, const char *text, size_t n)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd == -1 || write(fd, text, n) != (ssize_t)n)
		diag("%s cannot be written", name);
	if (fd != -1)
		close(fd);
}

static void
sandbox(void)
{
	static const char *const names[] = {"all libraries", "setmetatable",
	    "debug has not", "debug.setlocal", "debug.setupvalue",
	    "debug.getmetatable", "os.exit", "load", "loadfile and dofile",
	    "require", "execute", "popen read", "popen write", "popen wrong",
	    "popen many", "coroutines", "wrap", "close", "xpcall",
	    "stdin and warn", "verdicts are values", "smtpe"};
	static const char module[] = "return {name = ..., "
				     "file = select(2, ...)}";
	char path[4096];

	put_file("smtpe_test_module.lua", module, sizeof module - 1);
	put_file("smtpe_test_syntax.lua", "+", 1);
	put_file("smtpe_test_binary.lua", "\x1bLua\x54", 5);
	if (getcwd(path, sizeof path - 16) == NULL)
		diag("no current directory");
	strncat(path, "/?.lua", 15);
	config.luapath = path;
	config.me = SPAN("mx.example.com");
	ok(load_file("sandbox.lua"), "t/lua/sandbox.lua loads");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		fine(names[i]);
	config.luapath = NULL;
	unlink("smtpe_test_module.lua");
	unlink("smtpe_test_syntax.lua");
	unlink("smtpe_test_binary.lua");
}

static void
kept(void)
{
	gives("globals", VERDICT_REPLY, 250, "1 1");
	gives("globals", VERDICT_REPLY, 250, "2 2");
	run_case("stdin and warn");
	ok(has(logged(), "text=\"careful now\""), "warn() logs");
}

static void
hook_table(void)
{
	ok(!hook_defined(hooks, HOOK_quit), "hook.quit is not yet defined");
	fine("hook is a table");
	hook_run(hooks, HOOK_quit, NULL, 0, &v);
	is_span(v.reply.text, SPAN("second"), "defined by a hook, chained");
	is_int(hook_nparams(hooks, HOOK_data), 255, "... means any number");
	hook_run(hooks, HOOK_noop, NULL, 0, &v);
	ok(!hook_defined(hooks, HOOK_noop) && !v.failed,
	    "a hook may take itself back");
	hook_run(hooks, HOOK_noop, NULL, 0, &v);
	ok(v.kind == VERDICT_DEFAULT && !v.failed, "... and is not called");
}

static void
other_tables(void)
{
	ok(load_text("hook = {mail = function() return '250 mine' end}"),
	    "a table in the place of hook");
	run_case("x");
	is_span(v.reply.text, SPAN("mine"), "... is taken over");
	ok(load_text("hook = 1"), "a number in its place");
	ok(!hook_defined(hooks, HOOK_mail), "... defines nothing");
	ok(!load_text("hook = {mail = 1}"), "a wrong table in its place");
	ok(has(buf_cstr(&load_error), "hook.mail is a number"), "... says");
	ok(load_text("local mail = function() return '250 own' end\n"
		     "rawset(hook, 'mail', nil) hook['mail'] = mail"),
	    "rawset and index");
	run_case("x");
	is_span(v.reply.text, SPAN("own"), "... defines");
}

static void
unknown_names(void)
{
	ok(load_text("\nfunction hook.rcptt() end function hook.ehloo() end\n"
		     "function hook.Mail() end\nfunction hook.zebra() end\n"),
	    "misspelt hooks load");
	const char *said = logged();

	ok(has(said, "event=hook-unknown hook=rcptt "), "... are logged");
	ok(has(said, "hook-test.lua:2: hook.rcptt is no stage; "
		     "did you mean hook.rcpt?"), "... with what was meant");
	ok(has(said, "did you mean hook.ehlo?"), "... another");
	ok(has(said, "did you mean hook.mail?"), "... another, by case");
	ok(has(said, "hook.zebra is no stage\""), "... or with nothing");
}

static void
fails_to_load(const char *text, const char *message, const char *name)
{
	ok(!load_text(text), name);
	is_str(buf_cstr(&load_error), message, "... message");
}

static void
failures(void)
{
	struct span binary = SPAN("\x1bLua\x54\0\x19\x93\r\n\x1a\n");
	struct buf text = {0};
	char path[64];

	fails_to_load("x = ", "hook-test.lua:1: unexpected symbol near <eof>",
	    "a syntax error");
	fails_to_load("\n\nerror('no')", "hook-test.lua:3: no", "an error");
	fails_to_load("\nerror({})",
	    "hook-test.lua:2: the error is a table value", "a thrown table");
	fails_to_load("error(action.reject('x'))",
	    "hook-test.lua:1: the error is a userdata value",
	    "a thrown verdict");
	fails_to_load("error('a\\nb')", "hook-test.lua:1: a b", "two lines");
	fails_to_load("local x\nlocal y = x.z",
	    "hook-test.lua:2: attempt to index a nil value (local 'x')",
	    "a run-time error");
	ok(!load_text("require 'no.such.module'"), "a missing module");
	ok(has(buf_cstr(&load_error), "hook-test.lua:1: module "
		"'no.such.module' not found:") &&
	    strchr(buf_cstr(&load_error), '\n') == NULL,
	    "... message, one line");
	ok(!load_span(binary), "bytecode");
	ok(has(buf_cstr(&load_error), "attempt to load a binary"),
	    "... message");
	config.path = "no-such-script.lua";
	buf_reset(&load_error);
	ok(hooks_load(&config, &load_error) == NULL, "a missing script");
	is_str(buf_cstr(&load_error), "no-such-script.lua: cannot open "
	    "no-such-script.lua: No such file or directory", "... message");
	snprintf(path, sizeof path, "hook-test-%ld.fifo", (long)getpid());
	config.path = path;
	config.timeout_ms = 100;
	buf_reset(&load_error);
	ok(mkfifo(path, 0600) == 0 &&
	    hooks_load(&config, &load_error) == NULL, "a fifo");
	unlink(path);
	config.path = ".";
	buf_reset(&load_error);
	ok(hooks_load(&config, &load_error) == NULL, "a directory");
	diag("%s", buf_cstr(&load_error));
	config.timeout_ms = 10000;
	ok(load_text("#!/usr/bin/lua\nfunction hook.mail() end"),
	    "a first line with #");
	ok(load_text("\xef\xbb\xbf" "function hook.mail() end"),
	    "a byte order mark");
	fails_to_load("\xef\xbb\xbf#!lua\nx =",
	    "hook-test.lua:2: unexpected symbol near <eof>",
	    "both, and lines keep their numbers");
	ok(load_text("#"), "nothing but a comment");
	for (int i = 0; i < 20000; i++)
		buf_putc(&text, i ? 'x' : '#');
	buf_puts(&text, "\n-- ");
	for (int i = 0; i < 20000; i++)
		buf_putc(&text, 'x');
	buf_puts(&text, "\nfunction hook.mail() return '250 end' end");
	ok(load_text(buf_cstr(&text)), "long lines");
	run_case("x");
	is_span(v.reply.text, SPAN("end"), "... to the end");
	buf_free(&text);
	ok(load_text(""), "an empty script");
	ok(!hook_defined(hooks, HOOK_mail), "... defines nothing");
}

/* Files that the script left open hold what it wrote when the end comes. */
static void
flushed(void)
{
	char text[16] = "";
	int fd;

	ok(load_text("f = io.open('hook-test.out', 'w') f:write('kept')"),
	    "a script that leaves a file open");
	hook_run(hooks, HOOK_close, NULL, 0, &v);
	fd = open("hook-test.out", O_RDONLY | O_CLOEXEC);
	ok(fd != -1 && read(fd, text, sizeof text - 1) == 4,
	    "hook.close's time writes it");
	is_str(text, "kept", "... whole");
	if (fd != -1)
		close(fd);
	unlink("hook-test.out");
}

int
main(void)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null > 0)
		dup2(null, 0);
	sandbox();
	kept();
	hook_table();
	other_tables();
	unknown_names();
	failures();
	flushed();
	return done_testing();
}
