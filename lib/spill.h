/*
 * spill: copies outside of the queue (the control amqpspill), one file
 * UUID.json for an entry, pure but for the unlink. The UUID is computed from
 * the entry's id, so that nobody has to remember which file is whose. The
 * queue is the safe copy: nothing ever reads a spilled file.
 */
#ifndef SPILL_H
#define SPILL_H

#include "span.h"

#define SPILL_NAME 42 /* "UUID.json" and its NUL */

/* The file's name for a valid id: a UUID of version 4 (RFC 9562 5.4), 48 bits
 * of which are the id's time and the others its random ones; members of a
 * group differ. */
void spill_name(struct span id, char out[SPILL_NAME]);

/* The entry is gone, and so is its file in dir, if there is one. */
void spill_remove(const char *dir, struct span id);

#endif
