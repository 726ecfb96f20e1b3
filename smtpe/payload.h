/*
 * payload: the octets that follow a command line and belong to it (CARRIES in
 * command.def: BDAT, RFC 3030 2). They are counted from the line that the
 * client sent, whatever the script makes of it, and what nobody has taken
 * when the reply is made is read and thrown away: so no octet of a message is
 * ever looked at as a command.
 */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include "session.h"

/* Sets s->payload from the line. False when the line carries something and
 * does not say how much. */
bool payload_measure(struct session *s, struct span line);

/* The same of a line of which only the beginning is known: might it carry
 * something? */
bool payload_may_follow(struct span beginning);

/* Then nobody knows where the next command begins: a 5xx that closes. */
struct reply payload_unknown(void);

/* Has more arrived than the line and its payload? */
bool payload_is_followed(const struct session *s);

/*
 * The next octets of it, at most up to its end: 1. 0 and -1 as io_fill(). The
 * caller takes them with payload_take(). s->payload must not be 0.
 */
int payload_next(struct session *s, struct span *octets);
void payload_take(struct session *s, size_t n);

/*
 * r is what is going to be said: reads away what is left first, unless the
 * connection closes with r. A message that loses a chunk so is lost as a
 * whole. Returns r, or what else is to be said.
 */
struct reply payload_swallow(struct session *s, struct reply r);

#endif
