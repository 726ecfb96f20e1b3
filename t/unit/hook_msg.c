/* hook_msg: a message, and what a script can do with it (t/lua/msg.lua). */
#include "clock.h"
#include "hook_test.h"
#include "message.h"
#include <stdlib.h>
#include <sys/stat.h>

#define TEXT                                                                  \
	"Received: from b\r\nReceived: from a\r\nSubject: a\r\n"             \
	" folded\r\n one\r\nTo: x\r\n\r\nbody\r\n.\xff\r\n"

static struct arena arena;
static struct message m;
static struct queue queue;
static struct buf seen;
static int fd = -1;

/* As an entry: the message, and a trailer behind it that is none of it. */
static void
make_file(void)
{
	static const char more[] = "Trailer: 1\r\n";

	fd = memfd_create("entry", MFD_CLOEXEC);
	if (fd == -1 || write(fd, TEXT, sizeof TEXT - 1) < 0 ||
	    write(fd, more, sizeof more - 1) < 0)
		ok(false, "a file to read from");
}

static void
start(void)
{
	static struct envelope_rcpt rcpts[] = {
	    {RCPT_OPEN, SPAN_LIT("x@example.com"), SPAN_LIT("NOTIFY=NEVER"), 0},
	    {RCPT_DELIVERED, SPAN_LIT("y@example.com"), SPAN_LIT(""), 0},
	    {RCPT_OPEN, SPAN_LIT("z@example.com"), SPAN_LIT("NOTIFY=DELAY"), 0},
	};
	static struct envelope_edit edits[] = {
	    {EDIT_PREPEND, 0, SPAN_LIT("X-Trace: first")}};
	static struct envelope_meta meta[] = {
	    {SPAN_LIT("old"), META_STRING, SPAN_LIT("value")}};
	struct envelope env = {.id = SPAN("01jd0000000000000000000000"),
	    .received_us = clock_wall_us() - 100000000,
	    .sender = SPAN("a@example.org"), .edits = edits, .nedits = 1,
	    .meta = meta, .nmeta = 1, .rcpts = rcpts, .nrcpts = 3};

	message_end(&m);
	arena_reset(&arena);
	message_start(&m, &arena, &env);
	m.attempts = 2;
	m.fd = fd;
	m.size = sizeof TEXT - 1;
}

static bool
call(const char *name)
{
	struct hook_arg args[] = {HOOK_STRING(span_of(name)), HOOK_MSG(&m)};

	logged();
	hook_run(hooks, HOOK_noop, args, 2, &v);
	buf_reset(&seen);
	buf_puts(&seen, logged());
	if (ok(!v.failed, name))
		return true;
	diag("%s", buf_cstr(&seen));
	return false;
}

static bool
try(const char *name)
{
	start();
	return call(name);
}

/* "T x@example.com NOTIFY=NEVER\n" for each recipient of what is written. */
static const char *
envelope_text(struct envelope *env)
{
	static struct buf out;

	buf_reset(&out);
	message_envelope(&m, env);
	for (size_t i = 0; i < env->nrcpts; i++)
		buf_printf(&out, "%c %.*s %.*s\n", env->rcpts[i].state,
		    SPAN_ARG(env->rcpts[i].address),
		    SPAN_ARG(env->rcpts[i].params));
	return buf_cstr(&out);
}

static void
recipients(void)
{
	struct envelope env = {0};

	try("facts");
	ok(has(buf_cstr(&seen), "event=script id=01jd0000000000000000000000 "
		"text=\"a line\\nof text\""), "what msg:log writes");
	ok(!message_changed(&m, 0), "to look changes nothing");
	try("envelope");
	ok(message_changed(&m, 0), "a change is seen");
	is_str(envelope_text(&env), "D y@example.com \n"
	    "T z@example.com NOTIFY=DELAY\nT q@example.com \n",
	    "what is done stays, who was there keeps his parameters");
	is_span(env.sender, SPAN("New@example.net"), "the sender");
	ok(!m.rcpts[1].fresh && m.rcpts[2].fresh && m.rcpts[2].relay,
	    "who is new has to be admitted, or is");
	try("nobody");
	is_str(envelope_text(&env), "D y@example.com \n", "nobody is left");
}

static void
copies(void)
{
	struct arena other = {0};
	struct message copy;
	struct envelope env = {0};

	try("meta");
	message_copy(&copy, &m, &other);
	message_set_meta(&copy, SPAN("kept"), META_STRING, SPAN("new"));
	message_set_sender(&copy, SPAN(""));
	edits_add(copy.edits, EDIT_APPEND, SPAN("X"), SPAN("1"));
	message_add_rcpt(&copy, SPAN("n@example.com"), false);
	is_span(message_meta(&m, SPAN("kept"))->value, SPAN("42"),
	    "a copy's metadata are its own");
	is_span(m.sender, SPAN("a@example.org"), "... its sender");
	is_int(m.edits->n, 1, "... its edits");
	is_int(m.nrcpts, 3, "... its recipients");
	message_envelope(&copy, &env);
	is_int(env.nrcpts, 4, "which it has");
	message_set_data(&m, SPAN("A: 1\r\n"));
	message_copy(&copy, &m, &other);
	is_int(message_size(&copy), 6, "a copy of data");
	message_set_data(&copy, SPAN("A: 1234\r\n"));
	is_int(message_size(&m), 6, "... with data of its own");
	message_end(&copy);
	is_int(message_size(&m), 6, "... whose end is not the other's");
	arena_free(&other);
}

static void
octets(void)
{
	try("header");
	start();
	m.maxline = 80;
	m.maxsize = 200;
	call("data");
	start();
	call("no_files");
	try("parts");
	call("kept_part");
}

static int
files_in_tmp(void)
{
	return system("test -z \"$(ls hook-msg-queue/tmp)\"");
}

static void
files(void)
{
	(void)!system("rm -rf hook-msg-queue");
	if (!ok(queue_open(&queue, "hook-msg-queue") == 0, "a queue"))
		return;
	start();
	m.queue = &queue;
	m.file = SPAN("raw");
	call("files");
	ok(files_in_tmp() != 0, "there is a file");
	message_end(&m);
	ok(files_in_tmp() == 0, "... until the message's end");
	(void)!system("rm -rf hook-msg-queue");
}

/* However the end of the header lies to the blocks it is read in. */
static void
headers(void)
{
	static const char *const ends[] = {"\r\n\r\nB: 2\r\n", "\r\nbody\r\n",
	    "\r\n", "", "\r\n more\r\n\r\n", "\r\nno field: not\001one\r\n"};
	struct buf text = {0};
	struct span block;
	bool good = true;

	for (size_t n = 16370; n < 16400; n++)
		for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
			int f = memfd_create("head", MFD_CLOEXEC);

			buf_reset(&text);
			buf_puts(&text, "A: ");
			memset(buf_reserve(&text, n), 'x', n);
			text.n += n;
			buf_puts(&text, ends[i]);
			start();
			m.fd = f;
			m.size = text.n;
			good = good && f != -1 &&
			    write(f, text.p, text.n) == (ssize_t)text.n &&
			    message_header(&m, &block) == 0 &&
			    block.n == header_length(buf_span(&text));
			close(f);
		}
	ok(good, "the header block, wherever it ends");
	buf_free(&text);
	start();
	m.size = 1000;
	ok(message_header(&m, &block) == -1, "a file that is too short");
}

int
main(void)
{
	make_file();
	if (!ok(load_file("msg.lua"), "the script loads"))
		return done_testing();
	recipients();
	copies();
	octets();
	files();
	headers();
	start();
	m.fixed = ~0u;
	call("fixed");
	try("keep");
	call("kept");
	start();
	run_case("x");
	{
		struct hook_arg args[] = {HOOK_STRING(SPAN("many_metas")),
		    HOOK_MSG(&m)};

		hook_run(hooks, HOOK_noop, args, 2, &v);
		ok(v.failed && m.nmeta == MESSAGE_METAS_MAX,
		    "metadata have a bound");
	}
	message_end(&m);
	return done_testing();
}
