/*
 * settle_tell: the step of a settlement between marks and names: senders are
 * told of those who failed, and that they were is marked.
 */
#ifndef SETTLE_TELL_H
#define SETTLE_TELL_H

#include "settle.h"

/*
 * Tells about every entry of a batch that has recipients marked as failed,
 * durably. Verdicts change: to VERDICT_REMOVE where nobody is left, and to
 * VERDICT_DUE where it could not be done.
 */
void settle_tell(struct settle *s, struct entry *list, int64_t now);

/* Failed recipients are marked as told, durably. */
void settle_mark_told(struct settle *s, struct entry *e);

/* Counts and logs what we could not do (errno). */
void settle_trouble(struct settle *s, const struct entry *e,
    const char *what);

#endif
