/*
 * log: one event, one line, logfmt. Values are quoted and escaped, so that
 * nothing a peer sends can forge a line or a field. No time stamps: multilog,
 * journald and syslogd put their own.
 *
 *	struct log l;
 *	log_open(&l, "message");
 *	log_span(&l, "id", id);
 *	log_num(&l, "size", size);
 *	log_send(&l);
 *
 * gives: smtpe[4711] event=message id=01jd... size=4096
 */
#ifndef LOG_H
#define LOG_H

#include "span.h"
#include <stdint.h>
#include <syslog.h>

#define LOG_LINE 2048 /* longer lines are cut; a cut value ends in "..." */

struct log {
	int level;
	size_t n;
	char text[LOG_LINE];
};

/*
 * where: "stderr", "syslog", "auto" or "none". auto is stderr, unless fd 2 is
 * the client's socket: the same socket as client_fd, or an AF_INET(6) one
 * (inetd, and systemd without StandardError=); then syslog. client_fd is -1
 * where there is no client. Before the first call lines go to stderr.
 * Returns -1 for an unknown word.
 */
int log_init(const char *program, const char *where, int client_fd);

/* openlog(3) as log_init() called it, after somebody else did. */
void log_reopen(void);

/* More lines go where fd is; smtpe moves its log off fd 2. */
void log_set_fd(int fd);

void log_open(struct log *l, const char *event);
/* As log_open, with a syslog(3) level other than LOG_INFO. */
void log_open_at(struct log *l, int level, const char *event);
void log_span(struct log *l, const char *key, struct span value);
void log_str(struct log *l, const char *key, const char *value);
void log_num(struct log *l, const char *key, int64_t value);
void log_printf(struct log *l, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void log_send(struct log *l);

/* One whole warning: event and text. */
void log_warn(const char *event, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* die.c's line; does not allocate. */
void log_fatal(const char *kind, const char *text);

#endif
