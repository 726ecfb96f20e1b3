/*
 * access_key: the keys of the access table: whom a line is for. Pure.
 *
 *	CLIENT          192.0.2.1  [2001:db8::1]     one address
 *	                192.0.2.  192.0.2.0/24  [2001:db8::/32]  a network
 *	                =mail.example.org            one name
 *	                =.example.org                all names below
 *	                =                            whoever has a name
 *	                (empty)                      everybody
 *	CLIENT@LISTENER a client who came to that address of ours
 *	@LISTENER       25, 192.0.2.25, 192.0.2.25#25, [2001:db8::25]#25
 *
 * One order serves a text, where the best of all lines counts, and a cdb,
 * where keys are asked for one after the other (access_walk.h): rank and walk
 * agree.
 */
#ifndef ACCESS_KEY_H
#define ACCESS_KEY_H

#include "buf.h"
#include "ip.h"

enum access_kind {
	ACCESS_EVERYBODY, /* or, with a listener, its own line */
	ACCESS_NET,	  /* one address: all bits */
	ACCESS_NAMED,	  /* "=" */
	ACCESS_NAME,	  /* name, or ".name" for all below */
};

struct access_key {
	enum access_kind kind;
	struct ip_net net;
	bool dots;	      /* written as "192.0.2." */
	struct span name;     /* as written */
	struct ip local;      /* family 0: any */
	unsigned local_port;  /* 0: any */
	bool listener;	      /* it has one */
};

/* Who connects, and where. */
struct access_client {
	struct ip ip;	     /* family 0: unknown */
	struct span name;    /* in lower case; n 0: none is known */
	struct ip local;
	unsigned local_port; /* 0: unknown */
};

#define ACCESS_KEY_MAX 400 /* octets of a key */

/* "KEY:RULE" at the first colon that is not in brackets: false without one. */
bool access_key_split(struct span line, struct span *key, struct span *rule);

/* NULL, or what is wrong with it. Borrows from s. */
const char *access_key_parse(struct span s, struct access_key *k);

/* Appends a network as a key, with dots as "192.0.2."; and a listener's part,
 * "@192.0.2.25#25". */
void access_key_put_net(struct buf *out, const struct ip_net *net, bool dots);
void access_key_put_listener(struct buf *out, const struct ip *ip,
    unsigned port);

/* Appends the one way to write it that a cdb's look-up finds. */
void access_key_format(const struct access_key *k, struct buf *out);

/* How special a key is for this client, above 0; 0: it is not for him. Keys
 * without a client (@LISTENER) rank by how much they say of the listener. */
unsigned access_key_rank(const struct access_key *k,
    const struct access_client *c);

#endif
