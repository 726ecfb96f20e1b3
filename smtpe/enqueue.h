/*
 * enqueue: the batches of a message, judged, on their way into the queue or
 * to the smart host: all or none, or, where each recipient has its own reply
 * (perrecipient, LMTP, PRDR), each batch for itself.
 */
#ifndef ENQUEUE_H
#define ENQUEUE_H

#include "batch.h"

/*
 * REPLY_NONE, and what was refused has its reply in its batch; or a refusal
 * for all of them, and nothing is left. each: a batch that is refused leaves
 * the others alone. What became of each is logged.
 */
struct reply enqueue(struct session *s, struct batches *b, bool each);

/* Appends the ids of what was taken: "ID-1 ID-2", in lines of some octets. */
void enqueue_ids(const struct batches *b, struct buf *out);

/* Is there an entry, or has the smart host taken it? Not so when all was
 * discarded. */
bool enqueue_took(const struct batch *b);

#endif
