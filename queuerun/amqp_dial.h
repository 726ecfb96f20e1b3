/*
 * amqp_dial: a TCP connection with a deadline and with a reason when there
 * is none: rabbitmq-c's own only says that there was an error. Names are
 * looked up by the C library, whose time-outs are resolv.conf(5)'s.
 */
#ifndef AMQP_DIAL_H
#define AMQP_DIAL_H

#include "clock.h"

/* A connected, non-blocking, close-on-exec socket; -1 and a text that lives
 * until the next call. Every address of host is tried. */
int amqp_dial(const char *host, uint16_t port, clock_ms deadline,
    const char **why);

#endif
