/*
 * queue_group: several entries of one transaction on their way into the
 * queue. One rename makes them visible and one fsync durable, all or none
 * (smtpe-queue(5), Groups): tmp/X/ID-1, ID-2, ... becomes new/ID, and then
 * each member goes up to its place, by us or, when we are dead, by a runner.
 *
 * A single entry needs none of this: queue_in_commit().
 */
#ifndef QUEUE_GROUP_H
#define QUEUE_GROUP_H

#include "queue_in.h"

#define QUEUE_GROUP_FDS 32 /* members whose content is on its way to the disk */

struct queue_group {
	struct queue *q;
	struct queue_in *in;
	int fd;			   /* the directory's, locked; -1: none */
	char id[ID_SIZE];	   /* its name in tmp/ */
	bool visible;		   /* it is new/ID */
	struct span whole;	   /* the message; p NULL: not in memory */
	struct envelope *own;	   /* whose entry in's own file becomes */
	char own_name[QUEUE_NAME_MAX];
	struct buf names;	   /* of the members, each with a NUL */
	int fds[QUEUE_GROUP_FDS];
	size_t nfds;
};

/*
 * Begins a group with the message in in, which is complete; its file becomes
 * one of the members. 0, or -1 and errno. Whatever happens then, in is
 * finished by queue_group_commit() or queue_group_abort().
 */
int queue_group_open(struct queue_group *g, struct queue_in *in);

/*
 * Adds an entry with the id env->id (in's id, "-" and a number), for place
 * ("new", "hold", "quarantine/NAME"), or due then after one attempt where due
 * is not 0. The message is in's, or other where its p is not NULL. env is used
 * until the commit. 0, or -1 and errno.
 */
int queue_group_add(struct queue_group *g, struct envelope *env,
    const char *place, int64_t due, struct span other);

/* Makes them visible and durable: 0. Otherwise -1 and errno, and nothing is
 * left behind. The group is over either way. */
int queue_group_commit(struct queue_group *g);

/* Nothing is left; keeps errno. */
void queue_group_abort(struct queue_group *g);

#endif
