/*
 * ops: the operator's verbs of smtpe-queue, one function each. They look at
 * the queue without stopping it: only a verb that changes an entry takes its
 * lock.
 */
#ifndef OPS_H
#define OPS_H

#include "control.h"
#include "json.h"
#include "plan.h"
#include "queue_out.h"

struct selection;

struct ops {
	struct controls *controls;
	struct queue *q; /* NULL: there is none yet */
	struct plan plan;
	bool json;
	const struct selection *selection; /* ops_select.h; NULL: all */
	bool own_settings; /* -c, -s, -q or -o was given, or the environment
			    * has some */
	bool no_script;	   /* --no-script */
	bool scripted;	   /* there is a hook.queue_config (plan.h) */
	const char *route, *to_queue; /* of requeue; NULL: as they are */
	struct span user;  /* who asks; in arena */
	struct arena arena;
	struct buf out; /* standard output */
};

/* Ends (die_temp) when hook.api does not let the user use the verb. */
void ops_guard(struct ops *o, const char *verb, const char *const *args,
    size_t nargs);


/* Each returns an exit status; args are the words behind the verb. */
int ops_list(struct ops *o, const char *const *args, size_t nargs);
int ops_stat(struct ops *o, const char *const *args, size_t nargs);
/* stat --queues */
void ops_stat_queues(struct ops *o, const struct queue_names *names);
/* What a queue has, by its name. */
struct ops_tally {
	struct span name;	  /* in the arena of ops */
	size_t waits, held, dead; /* new and due; hold and quarantine */
	int64_t oldest;		  /* seconds, of those that wait */
	uint64_t octets;
};

/* Of each queue, in o->arena, by opening every entry: how many queues. There
 * is room for one more when there is an entry. */
size_t ops_tally(struct ops *o, const struct queue_names *names,
    struct ops_tally **tallies);
/* Appends what node_exporter's file says of queues and agents. */
void ops_put_metrics(struct ops *o, const struct queue_names *names);
void ops_put_metric(struct buf *out, const char *name, const char *type,
    const char *help);

int ops_show(struct ops *o, const char *const *args, size_t nargs);
int ops_cat(struct ops *o, const char *const *args, size_t nargs);
int ops_remove(struct ops *o, const char *const *args, size_t nargs);
int ops_hold(struct ops *o, const char *const *args, size_t nargs);
int ops_release(struct ops *o, const char *const *args, size_t nargs);
int ops_quarantine(struct ops *o, const char *const *args, size_t nargs);
int ops_why(struct ops *o, const char *const *args, size_t nargs);
int ops_retry(struct ops *o, const char *const *args, size_t nargs);
/* Takes "--route R" and "--to-queue Q" out of requeue's words; ends
 * (die_perm) on wrong ones. How many words are left. */
size_t ops_requeue_options(struct ops *o, const char **args, size_t nargs);
int ops_requeue(struct ops *o, const char *const *args, size_t nargs);
int ops_bounce(struct ops *o, const char *const *args, size_t nargs);
int ops_check(struct ops *o, const char *const *args, size_t nargs);
int ops_export(struct ops *o, const char *const *args, size_t nargs);

/*
 * Does act() with each entry, locked: 0, an exit status, or -1 and errno.
 * What it does to the names is made durable, and the verb logged. The worst
 * status.
 */
int ops_each(struct ops *o, const char *verb, const char *const *ids, size_t n,
    int (*act)(struct ops *o, struct queue_out *out, const char *id));
/* Says why not: status. */
int ops_refuse(const char *id, const char *why, int status);

/* What hook.postq wanted is over: it was put away, or is let go. 0, or -1 and
 * errno. */
int ops_finish_postq(struct queue_out *out);

/* Removes what is in place; elsewhere it is refused. place NULL: anywhere. */
int ops_remove_from(struct ops *o, const char *const *ids, size_t n,
    const char *place);
/* The quarantines and how many entries each has; of one, its entries. */
int ops_list_quarantine(struct ops *o, const char *name);

/* The entry, locked, wherever it goes meanwhile: 0, or an exit status. */
int ops_find_locked(struct ops *o, const char *id, struct queue_out *out);

/* The number of the last attempt that the history has. */
unsigned ops_attempts(struct queue *q, const char *id);

/* What is known of an entry without its lock. */
struct ops_entry {
	struct queue_out out;
	bool active;	    /* somebody has the lock */
	const char *damage; /* NULL, or why it cannot be read */
	unsigned attempts;
	struct span queue, route; /* p NULL: unknown; in out.arena */
};

enum ops_open_result {
	OPS_OPENED,
	OPS_GONE,  /* meanwhile */
	OPS_ERROR, /* said already */
};

/* Opens one for looking at it. A damaged one is opened, too. */
enum ops_open_result ops_open(struct ops *o, const struct queue_name *name,
    struct ops_entry *e);
void ops_close(struct ops_entry *e);

/* Finds an id, once more when it moved just then; says what is wrong: 0, or
 * an exit status. */
int ops_find(struct ops *o, const char *id, struct ops_entry *e);

/* "due", "quarantine"; the quarantine's name or NULL. */
struct span ops_state(const struct queue_name *name);
const char *ops_place_name(const struct queue_name *name);

/* "delivered" for 'D'. */
const char *ops_rcpt_state(char state);

/* What why says of it, as one JSON object. */
void ops_why_json(struct ops *o, struct ops_entry *e,
    const struct plan_group *groups, size_t ngroups);

/* What show shows. */
void ops_put_entry(struct buf *out, const struct ops_entry *e);

/* One JSON object (smtpe-queue(8)). */
void ops_json(const struct ops_entry *e, struct json *j);

/* "2026-11-20 09:44:42" UTC, or "-" for 0. */
#define OPS_TIME 32
const char *ops_time(int64_t seconds, char out[OPS_TIME]);

/* Appends s for a terminal: nothing in it can move the cursor. */
void ops_put_safe(struct buf *out, struct span s);

/* Writes what is in o->out; a closed pipe is the reader's business. */
void ops_flush(struct ops *o);

/* "smtpe-queue: ID: TEXT" on standard error. */
void ops_say(const char *what, const char *text);

#endif
