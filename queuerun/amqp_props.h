/*
 * amqp_props: the AMQP properties of one publication, pure. The envelope
 * travels in typed headers; what a message does not have is left out. What
 * hook.amqp decided comes with the job as fields (smtpe-agent(7)) and stands
 * in the place of ours.
 */
#ifndef AMQP_PROPS_H
#define AMQP_PROPS_H

#include "amqp_part.h"

enum amqp_format { AMQP_RAW, AMQP_JSON };

/*
 * Appends property flags and values. NULL, or what makes it impossible as a
 * literal.
 */
const char *amqp_props_put(const struct amqp_part *part,
    enum amqp_format format, struct buf *out);

#endif
