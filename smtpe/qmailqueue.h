/*
 * qmailqueue: the program that QMAILQUEUE names takes a message in the place
 * of the queue, as qmail-smtpd has it: a scanner, or another qmail-queue. It
 * gets the message with our trace fields and LF lines on descriptor 0 and the
 * envelope on 1 (qmail-queue(8)); its exit status is the verdict, and with 82
 * what it wrote to descriptor 6.
 */
#ifndef QMAILQUEUE_H
#define QMAILQUEUE_H

#include "envelope.h"
#include "message.h"
#include "session.h"

/* 0: the program has it. -1: *refusal is the reply, in the transaction's
 * memory. */
int qmailqueue_pass(struct session *s, const struct message *m,
    const struct envelope *env, struct reply *refusal);

#endif
