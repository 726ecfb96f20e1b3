/*
 * pool_start: finds an agent's program and starts it, with one socket as its
 * input and output. What becomes of one that cannot be had is pool.c's
 * business.
 */
#ifndef POOL_START_H
#define POOL_START_H

#include "pool.h"

/* Sets pid and fd: 0; or -1, and why says what is wrong. */
int pool_start(const struct pool *p, struct pool_agent *a, struct buf *why);

#endif
