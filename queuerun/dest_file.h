/*
 * dest_file: what is remembered of a destination that does not answer:
 * backoff/HASH in the queue, one line (smtpe-queue(5)). Never fsynced, and
 * never trouble: a file that is missing or damaged is as if it answered.
 */
#ifndef DEST_FILE_H
#define DEST_FILE_H

#include "dest.h"

/* The same everywhere and for ever. */
uint64_t dest_hash(struct span s);

/* Sets count, since, until and text, if there is a file about it. */
void dest_file_read(struct queue *q, struct dest *d);
void dest_file_write(struct queue *q, const struct dest *d);
void dest_file_remove(struct queue *q, const struct dest *d);

#endif
