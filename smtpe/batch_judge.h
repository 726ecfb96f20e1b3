/*
 * batch_judge: what becomes of one batch: its trace headers, hook.received with
 * full power over it, the relay decision for what that changed, and
 * hook.queue_config. What it finds is in the batch.
 */
#ifndef BATCH_JUDGE_H
#define BATCH_JUDGE_H

#include "batch.h"

/* A refusal is in b->reply. */
void judge_batch(struct session *s, struct batch *b);

#endif
