/*
 * expire: what lies in a quarantine longer than the control quarantineexpire
 * says is removed. The time is in the names: nothing is opened that stays.
 */
#ifndef EXPIRE_H
#define EXPIRE_H

#include "control.h"
#include "queue_out.h"

/* At most once a minute, however often it is called. */
void expire_quarantines(struct queue *q, const struct controls *c);

#endif
