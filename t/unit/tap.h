/*
 * tap: the least that a unit test needs to speak TAP (Test Anything
 * Protocol). A test is one C file with a main() that calls these and ends
 * with `return done_testing();`. Nothing here stops at a failure: every check
 * of the file is counted and reported, with the place and the values.
 */
#ifndef TAP_H
#define TAP_H

#include "span.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Name and arguments of the checks: ok(cond, "name"), is_int(got, want,
 * "name"), ... all give true when they hold. */
#define ok(cond, name)	       tap_ok((cond), (name), __FILE__, __LINE__)
#define is_int(got, want, name)                                               \
	tap_int((int64_t)(got), (int64_t)(want), (name), __FILE__, __LINE__)
#define is_size(got, want, name)                                              \
	tap_size((size_t)(got), (size_t)(want), (name), __FILE__, __LINE__)
#define is_span(got, want, name)                                              \
	tap_span((got), (want), (name), __FILE__, __LINE__)
/* C strings; NULL equals only NULL. */
#define is_str(got, want, name)                                               \
	tap_str((got), (want), (name), __FILE__, __LINE__)

static int tap_run;
static int tap_failed;

/* A line for the reader, never part of the result. */
static inline void __attribute__((format(printf, 1, 2), unused))
diag(const char *fmt, ...)
{
	va_list ap;

	fputs("# ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

static inline bool
tap_ok(bool good, const char *name, const char *file, int line)
{
	tap_run++;
	if (!good)
		tap_failed++;
	printf("%sok %d - ", good ? "" : "not ", tap_run);
	/* '#' would begin a directive, a line end another line. */
	for (; *name != '\0'; name++)
		putchar(*name == '#' || *name == '\n' || *name == '\r' ? '.' :
								 *name);
	putchar('\n');
	if (!good)
		printf("# failed at %s:%d\n", file, line);
	/* What is said before a crash should be seen. */
	fflush(stdout);
	return good;
}

static inline bool __attribute__((unused))
tap_int(int64_t got, int64_t want, const char *name, const char *file,
    int line)
{
	if (tap_ok(got == want, name, file, line))
		return true;
	diag("got %" PRId64 ", want %" PRId64, got, want);
	return false;
}

static inline bool __attribute__((unused))
tap_size(size_t got, size_t want, const char *name, const char *file,
    int line)
{
	if (tap_ok(got == want, name, file, line))
		return true;
	diag("got %zu, want %zu", got, want);
	return false;
}

static inline void __attribute__((unused))
tap_show(const char *what, struct span s)
{
	printf("# %s %zu \"", what, s.n);
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
			printf("\\x%02x", c);
		else
			putchar(c);
	}
	puts("\"");
	fflush(stdout);
}

static inline bool __attribute__((unused))
tap_span(struct span got, struct span want, const char *name,
    const char *file, int line)
{
	if (tap_ok(span_eq(got, want), name, file, line))
		return true;
	tap_show("got ", got);
	tap_show("want", want);
	return false;
}

static inline bool __attribute__((unused))
tap_str(const char *got, const char *want, const char *name, const char *file,
    int line)
{
	bool same = got == NULL || want == NULL ? got == want :
						  strcmp(got, want) == 0;

	if (tap_ok(same, name, file, line))
		return true;
	diag("got  %s", got ? got : "(null)");
	diag("want %s", want ? want : "(null)");
	return false;
}

/* The plan, last; what main() returns. */
static inline int
done_testing(void)
{
	if (tap_run == 0)
		tap_ok(false, "the test checked something", __FILE__,
		    __LINE__);
	printf("1..%d\n", tap_run);
	if (tap_failed != 0)
		diag("%d of %d failed", tap_failed, tap_run);
	fflush(stdout);
	return tap_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
