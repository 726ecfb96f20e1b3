/*
 * queue_table: the queues that an administrator described in the control
 * `queues' and in queues.cdb (queue_config.h says with what).
 */
#ifndef QUEUE_TABLE_H
#define QUEUE_TABLE_H

#include "queue_name.h"
#include "tables.h"

/*
 * The text about a queue, the first key that is there: campaign:tenant@domain
 * (only in the cdb: a map's key ends at its first colon), tenant@domain, the
 * domain, the longest .suffix of it, tenant@, and the empty key, where domain
 * is the routing domain. 1, 0, or -1 and errno: the cdb cannot be read.
 */
int queue_table_find(const struct tables *t, const struct queue_parts *parts,
    struct span *text);

#endif
