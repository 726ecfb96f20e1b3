/*
 * queue_in: an entry on its way into the queue.
 * Before the rename nothing exists, after queue_in_commit() returned 0
 * nothing can be lost: content, envelope and name are durable.
 */
#ifndef QUEUE_IN_H
#define QUEUE_IN_H

#include "envelope.h"
#include "queue.h"

#define QUEUE_IN_BUFFER 131072

struct queue_in {
	struct queue *q;
	int fd;		   /* -1 when nothing is open */
	int error;	   /* errno of the first failure; sticky */
	char id[ID_SIZE];  /* set by the caller before queue_in_open */
	char path[QUEUE_NAME_MAX]; /* tmp/ID */
	uint64_t size;	   /* octets of the message so far */
	int64_t due;	   /* set by the caller before a commit: not into new/
			    * but due then, after one attempt; 0: at once */
	size_t pending;
	char buffer[QUEUE_IN_BUFFER];
};

/* Creates and locks tmp/ID; takes a new id when a sweeper was faster. 0, or
 * -1 and errno. */
int queue_in_open(struct queue_in *in, struct queue *q);

/* Appends to the message. Failures are kept in in->error. */
void queue_in_write(struct queue_in *in, struct span s);

/* The message is this one instead: 0, or -1 and errno (in in->error, too). */
int queue_in_replace(struct queue_in *in, struct span s);

/* Everything so far is in the file, for others to read: 0, or -1, errno. */
int queue_in_flush(struct queue_in *in);

/*
 * Trailer, footer, rename to place/ID ("new", "quarantine/NAME"), durable: 0.
 * Otherwise -1 and errno, and nothing is left behind. The entry is closed
 * either way.
 */
int queue_in_commit(struct queue_in *in, struct envelope *env,
    const char *place);

/* Nothing is left. Safe to call when nothing is open; keeps errno. */
void queue_in_abort(struct queue_in *in);

#endif
