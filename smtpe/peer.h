/*
 * peer: who the client is, whatever launched us: tcpserver's environment,
 * systemd's, the socket itself, else nobody knows.
 */
#ifndef PEER_H
#define PEER_H

#include "session.h"

/* Fills peer; texts live in a. Sets TCP_NODELAY on wfd. */
void peer_detect(struct peer *peer, int rfd, int wfd, struct arena *a);

/* Another client than the one that is connected: a proxy says so. family 0:
 * unknown. The name is not known then. */
void peer_replace(struct peer *peer, const struct ip *ip, unsigned port,
    struct arena *a);
void peer_replace_local(struct peer *peer, const struct ip *ip, unsigned port,
    struct arena *a);

/* A host name as scripts see it: in lower case. */
struct span peer_lower(struct arena *a, struct span name);

/* Is the client in one of the networks of a list that was checked when it
 * was loaded? Nobody knows an unknown client: no. */
bool peer_is_in(const struct peer *peer, const struct control_list *nets);

/*
 * Asks the DNS for the client's name, once, when something needs it; a name
 * that cannot be had in dnstimeout is none. Knows the time limit of a hook.
 */
void peer_look_up(struct peer *peer, const struct controls *c,
    struct arena *a);

#endif
