/*
 * die: how a program of ours ends when it cannot go on. A process is a
 * transaction: before the commit rename nothing exists, after it nothing is
 * lost, so ending is a legitimate error path.
 *
 * Exit codes are qmail's: 111 for temporary trouble of ours, 100 for a wrong
 * call. Each writes one log line first.
 */
#ifndef DIE_H
#define DIE_H

#define EXIT_TEMP 111
#define EXIT_PERM 100

/*
 * What has to happen before an end with 111: smtpe says 421 and removes
 * tmp/ID. It may not allocate; a death inside it ends at once. NULL takes it
 * back.
 */
void die_set_last_words(void (*fn)(void));

/* Our trouble, which may be over later: memory, disk, a script. Exit 111. */
_Noreturn void die_temp(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
/* The same, with ": strerror(errno)" at the end. */
_Noreturn void die_temp_errno(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
/* Called in a way that can never work. Exit 100. */
_Noreturn void die_perm(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
/* An impossible state of ours. Exit 111: the mail must not bounce for it. */
_Noreturn void die_bug(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

#endif
