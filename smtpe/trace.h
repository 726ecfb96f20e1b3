/*
 * trace: the header fields that we add to a message on its way in (RFC 5321
 * 4.4), and what arrives under our name and is not ours.
 */
#ifndef TRACE_H
#define TRACE_H

#include "batch.h"

/* In front of the batch's header: Received, and what the control
 * traceheaders names beside it. */
void trace_add(struct session *s, struct batch *b);

/* hook.received may have changed the recipients and the metadata that these
 * speak of. */
void trace_correct(struct session *s, struct batch *b);

/*
 * Fields that claim to be ours and came from outside: takes them away or
 * renames them (control ownheaders), as edits of m. REPLY_NONE, or why the
 * message is not taken.
 */
struct reply trace_disown(struct session *s, struct message *m);

#endif
