/*
 * connect: what is settled about a connection before the script is loaded:
 * who the client is (PROXY header), whether the access table lets him in and
 * with which settings, and whether the machine has time for him.
 */
#ifndef CONNECT_H
#define CONNECT_H

#include "session.h"

/* false: the connection is over, and whoever was to hear a word has heard it;
 * nobody failed. */
bool connect_let_in(struct session *s);

/* The PROXY header, when the peer is in proxyhosts: false: the connection is
 * over. Not one octet behind the header is read. */
bool connect_proxy(struct session *s);

#endif
