/*
 * history: what is told about an entry: the lines of log/XX/ID
 * (smtpe-queue(5)) and the log's line for each recipient. Writes no marks and
 * moves nothing.
 */
#ifndef HISTORY_H
#define HISTORY_H

#include "entry.h"

/* "ok", "later", "fail" */
const char *history_outcome(enum result_kind kind);

/* event=delivery */
void history_log_delivery(const struct entry *e, size_t rcpt);
/* event=dead */
void history_log_dead(const struct entry *e, struct span why);

/* Append one line: of what an attempt gave for one recipient, of the next
 * time, of the end in dead/. */
void history_put_attempt(struct buf *out, const struct entry *e, size_t rcpt,
    int64_t now);
void history_put_due(struct buf *out, int64_t now, int64_t due,
    unsigned attempts);
/* Of what a hook decided without an attempt; place p NULL: none. */
void history_put_hook(struct buf *out, int64_t now, const char *hook,
    const char *outcome, struct span place, struct span text);
/* Nobody was tried: the destination is left alone until then. */
void history_put_deferred(struct buf *out, int64_t now, int64_t until,
    struct span text);
/* Of what an operator did: "hold", "release". */
void history_put_operator(struct buf *out, int64_t now, const char *verb,
    struct span user);
void history_put_dead(struct buf *out, int64_t now, struct span why);

/* A bounce of that id is in the queue (the entry itself goes on), or a
 * warning is about to be. */
void history_put_report(struct buf *out, int64_t now, const char *word,
    const char *id);

/* One line that was read. */
struct history_line {
	int64_t time;
	struct span word; /* "attempt", "due", "dead", ... */
	struct span rest; /* behind it, as it stands there */
	/* of "attempt" alone, unescaped: */
	unsigned number;
	struct span rcpt, agent, outcome, enhanced, text, peer;
	int code;
};

/* False for what is no line of a history; borrows from line or lives in a. */
bool history_parse(struct span line, struct arena *a, struct history_line *h);

/* The last attempt for that recipient: false when there is none. */
bool history_last(struct span history, struct span rcpt, struct arena *a,
    struct history_line *h);

#endif
