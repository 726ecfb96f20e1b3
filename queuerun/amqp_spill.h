/*
 * amqp_spill: a copy of an entry, as JSON, in the directory amqpspill, made
 * when no broker can be reached: once for each entry, for all its recipients.
 * The file appears whole, by a rename, with mode 0600; it goes when the entry
 * leaves the queue (spill.h). Failing to make it is one line in the log.
 */
#ifndef AMQP_SPILL_H
#define AMQP_SPILL_H

#include "amqp_body.h"

/* body is a room to work in. */
void amqp_spill(const char *dir, struct agent_job *job,
    struct amqp_body *body);

#endif
