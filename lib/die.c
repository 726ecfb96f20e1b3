/* die: see die.h. */
#include "die.h"
#include "log.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void (*last_words)(void);

void
die_set_last_words(void (*fn)(void))
{
	last_words = fn;
}

static _Noreturn void
die(int status, const char *kind, const char *text)
{
	void (*words)(void) = last_words;

	log_fatal(kind, text);
	last_words = NULL;
	if (words != NULL && status == EXIT_TEMP)
		words();
	_exit(status);
}

/* No malloc here: we may be here because there is no memory. */
#define DIE(status, kind, suffix)                                             \
	do {                                                                  \
		char text_[1024];                                             \
		const char *suffix_ = (suffix);                               \
		va_list ap_;                                                  \
		size_t n_;                                                    \
                                                                              \
		va_start(ap_, fmt);                                           \
		vsnprintf(text_, sizeof text_, fmt, ap_);                     \
		va_end(ap_);                                                  \
		n_ = strlen(text_);                                           \
		if (suffix_ != NULL)                                          \
			snprintf(text_ + n_, sizeof text_ - n_, ": %s",       \
			    suffix_);                                         \
		die(status, kind, text_);                                     \
	} while (0)

void
die_temp(const char *fmt, ...)
{
	DIE(EXIT_TEMP, "temporary", NULL);
}

void
die_temp_errno(const char *fmt, ...)
{
	int e = errno;

	DIE(EXIT_TEMP, "temporary", strerror(e));
}

void
die_perm(const char *fmt, ...)
{
	DIE(EXIT_PERM, "usage", NULL);
}

void
die_bug(const char *fmt, ...)
{
	DIE(EXIT_TEMP, "bug", NULL);
}
