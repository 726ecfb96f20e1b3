/*
 * hook_test: what the tests of the Lua engine share. A script is a file of
 * t/lua, or a text; most have a table of cases that hook.mail calls by the
 * name it gets as the sender.
 */
#ifndef HOOK_TEST_H
#define HOOK_TEST_H

#include "hook.h"
#include "log.h"
#include "tap.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static struct hook_facts facts;
static struct hook_config config = {
    .memory = 64 << 20,
    .timeout_ms = 10000,
    .facts = &facts,
};
static struct hooks *hooks;
static struct verdict v;
static struct buf load_error;
static int log_fd = -1;

/* The path of t/lua/NAME, wherever the test was started: upwards from the
 * program. */
static inline const char *
script_path(const char *name)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 256);

	while (n > 0) {
		while (n > 0 && path[--n] != '/')
			;
		snprintf(path + n, 256, "/t/lua/%s", name);
		if (access(path, R_OK) == 0)
			return path;
		path[n] = '\0';
	}
	return name;
}

/* What was logged since the last call; NUL-terminated. */
static inline const char *
logged(void)
{
	static char text[65536];
	ssize_t n = log_fd == -1 ? 0 : pread(log_fd, text, sizeof text - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	if (log_fd == -1)
		log_fd = memfd_create("log", MFD_CLOEXEC);
	if (ftruncate(log_fd, 0) == -1 || lseek(log_fd, 0, SEEK_SET) == -1)
		diag("log: cannot be emptied");
	log_set_fd(log_fd);
	return text;
}

static inline bool
has(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		return true;
	diag("no \"%s\" in: %s", part, text);
	return false;
}

static inline bool
load_file(const char *name)
{
	logged();
	buf_reset(&load_error);
	config.path = script_path(name);
	hooks = hooks_load(&config, &load_error);
	if (hooks == NULL)
		diag("%s", buf_cstr(&load_error));
	return hooks != NULL;
}

/* Writes text to a file in the current directory and loads it. */
static inline bool
load_span(struct span text)
{
	static char path[] = "hook-test.lua";
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool written = fd != -1 &&
	    write(fd, text.p, text.n) == (ssize_t)text.n;

	if (fd != -1)
		close(fd);
	logged();
	buf_reset(&load_error);
	config.path = path;
	hooks = written ? hooks_load(&config, &load_error) : NULL;
	unlink(path);
	return hooks != NULL;
}

static inline bool
load_text(const char *text)
{
	return load_span(span_of(text));
}

static inline void
run_case(const char *name)
{
	struct hook_arg args[] = {HOOK_STRING(span_of(name)),
	    HOOK_PARAMS(SPAN("SIZE=10 body=8BITMIME SMTPUTF8"))};

	logged();
	hook_run(hooks, HOOK_mail, args, 2, &v);
}

/* The case's verdict, and that nobody complained. */
static inline bool
gives(const char *name, enum verdict_kind kind, int code, const char *text)
{
	char what[128];
	const char *said;

	run_case(name);
	said = logged();
	snprintf(what, sizeof what, "%s", name);
	if (ok(v.kind == kind && v.reply.code == code && !v.failed &&
		    span_eq(v.reply.text, span_of(text)) && *said == '\0',
		what))
		return true;
	diag("kind %d code %d text \"%.*s\" failed %d log %s", v.kind,
	    v.reply.code, SPAN_ARG(v.reply.text), v.failed, said);
	return false;
}

/* The case is an error of the script's, logged with this text in one line
 * that has a bound. */
static inline bool
fails(const char *name, enum verdict_kind kind, const char *text)
{
	const char *said;

	run_case(name);
	said = logged();
	if (ok(v.kind == kind && v.failed && has(said, "event=hook-error ") &&
		    has(said, "hook=mail ") && has(said, text) &&
		    strlen(said) < 16384,
		name))
		return true;
	diag("kind %d failed %d log %s", v.kind, v.failed, said);
	return false;
}

#endif
