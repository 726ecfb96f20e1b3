/*
 * plan: who goes where. Gives each recipient of an entry its route and puts
 * those of one route into one job, pure but for routes.cdb and queues.cdb.
 *
 * The same controls give the same groups however many recipients are done
 * already, so that what an agent derives from a group (an AMQP message id)
 * is the same again after a crash.
 */
#ifndef PLAN_H
#define PLAN_H

#include "cdbmap.h"
#include "control.h"
#include "envelope.h"

struct plan {
	const char *rule; /* what decided the last route, for people */
	struct controls *controls;
	struct cdbmap routes; /* routes.cdb */
	struct cdbmap queues; /* queues.cdb */
	bool scripted; /* hook.queue_config speaks in the place of tables */
	const char *unreadable; /* the table, after -1 */
	/* What the script said for the attempt that is planned. */
	struct span route;   /* of everybody; p NULL: as below */
	struct span options; /* of each job: " key=value", escaped */
};

struct plan_group {
	struct span route;
	size_t first; /* number, from 1, of its first recipient, done or not */
	bool whole;   /* it has all recipients that the entry ever had */
	bool repeat;  /* some of them are done */
	bool too_long; /* one recipient whose job line nobody could read */
	size_t *rcpts; /* the open ones, from 0 */
	size_t nrcpts;
	size_t *members; /* all of them, from 0, done or not */
	size_t nmembers;
	struct span options; /* " key=value", escaped; may be empty */
};

#define PLAN_LINE_MAX 65536 /* of a job line, its newline included */

/* 0, or -1 and errno: routes.cdb or queues.cdb is there and cannot be read. */
int plan_init(struct plan *p, struct controls *c);
void plan_free(struct plan *p);

/*
 * What `queues' and queues.cdb say now of the entry's queue stands in the place
 * of what the entry was queued with, in a; where they say nothing that stays.
 * 0, or -1 and errno: queues.cdb cannot be read, or a value in it (logged).
 */
int plan_queue(struct plan *p, struct envelope *env, struct arena *a);

/*
 * The route of one recipient: the script's for this attempt, metadata
 * "route", what the entry's queue says, routes, locals and virtualdomains
 * (maildir:), smtproutes, the control route. It borrows from the controls,
 * the envelope or a. 0, or -1 and errno: routes.cdb cannot be
 * read.
 */
int plan_route(struct plan *p, const struct envelope *env,
    struct span address, struct arena *a, struct span *route);

/*
 * The groups with open recipients, in the order of their first recipients;
 * in a. 0, or -1 and errno as above.
 */
int plan_entry(struct plan *p, const struct envelope *env, struct arena *a,
    struct plan_group **groups, size_t *ngroups);

/* Appends the job line of a group (smtpe-agent(7)), with its newline. */
void plan_format_job(uint64_t number, const struct envelope *env,
    uint64_t size, const struct plan_group *group, struct buf *out);

#endif
