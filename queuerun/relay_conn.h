/*
 * relay_conn: the one connection that a worker of agent-smtp or agent-lmtp
 * has, kept for a few seconds after a message, in case the next one goes to
 * the same server.
 */
#ifndef RELAY_CONN_H
#define RELAY_CONN_H

#include "relay_hosts.h"
#include "smtpclient.h"

struct relay_conn {
	struct smtpclient client;
	bool open;
	size_t host;	    /* number of the one it is connected to */
	struct smtpclient_result why; /* no host took us; text in the arena
				       * of relay_conn_open() */
	/* private: */
	struct buf name;    /* of that host */
	struct relay_host is;
	unsigned messages;
	clock_ms since, used;
};

/* Opens nothing; config is what every connection has in common. */
void relay_conn_init(struct relay_conn *c,
    const struct smtpclient_config *config);

/* Does the connection that is open lead to one of the best of these hosts,
 * and is it fit for another message? Then c->host is its number. */
bool relay_conn_fits(struct relay_conn *c, const struct relay_hosts *h);

/*
 * Connects to the first of the hosts, from number from on, that takes us: 0.
 * -1 when none does; why is then the last refusal, one for now if there was
 * any. *host is the number of the host that said it.
 */
int relay_conn_open(struct relay_conn *c, const struct relay_hosts *h,
    size_t from, struct arena *a);

/* "mx.example.net[192.0.2.1]", or a socket's path. */
struct span relay_host_text(const struct relay_host *h, struct arena *a);

/* It was used. */
void relay_conn_used(struct relay_conn *c);

/* For how long it may be kept; what to poll meanwhile, -1: nothing. */
int relay_conn_idle(const struct relay_conn *c, clock_ms *deadline);

/* QUIT. */
void relay_conn_close(struct relay_conn *c);

#endif
