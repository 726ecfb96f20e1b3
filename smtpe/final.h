/*
 * final: the verdict on a message whose end has come (RFC 5321 6.1): the
 * checks, hook.dot, hook.forward, the smart host, the commit. A positive
 * reply is made only when the message is durable, passed on, or taken over
 * by the script.
 */
#ifndef FINAL_H
#define FINAL_H

#include "arrival.h"

struct reply final_verdict(struct session *s, struct arrival *a);

#endif
