/*
 * amqp_props: a job's AMQP properties and its message_id, pure. The envelope
 * travels in typed headers; what a job does not have is left out.
 */
#ifndef AMQP_PROPS_H
#define AMQP_PROPS_H

#include "agent.h"

enum amqp_format { AMQP_RAW, AMQP_JSON };

/*
 * The same for every attempt at the same recipients, so that a consumer can
 * drop a repeat: the entry's id when the job has all recipients that the
 * entry ever had, else id "." number of the job's first. Recipients that are
 * done count, as the fields "first" and "whole" say. Lives in the job.
 */
struct span amqp_message_id(struct agent_job *job);

/*
 * Appends property flags and values. NULL, or what makes it impossible as a
 * literal.
 */
const char *amqp_props_put(struct agent_job *job, enum amqp_format format,
    struct span message_id, struct buf *out);

#endif
