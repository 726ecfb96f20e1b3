/*
 * stage: the script's stages around a delivery (smtpe-hooks(7)): postq once,
 * predelivery and postdelivery around each attempt, send, amqp and bounce.
 * One for each worker. Without a script nothing here costs anything.
 *
 * Whatever a hook does, nothing is lost and nothing that was delivered is
 * delivered again: a stage that fails leaves the entry for later, without
 * counting it.
 */
#ifndef STAGE_H
#define STAGE_H

#include "control.h"
#include "entry.h"
#include "hook.h"
#include "message.h"
#include "retry.h"

struct stage {
	struct hooks *hooks; /* NULL: no script */
	struct queue *q;
	struct controls *controls;
	struct retry retry;
	uint64_t *trouble;   /* counts what we ourselves could not do */
	int64_t *next_due;   /* the first time that was given; or NULL */
	struct buf text; /* for lines and texts that are put together */
	/* What a hook that does not end would hold up, for stage_stuck(). */
	struct entry *entry;
	char stuck_to[QUEUE_NAME_MAX], stuck_dir[QUEUE_NAME_MAX];
};

/* Loads the script, if there is one; die_temp() when it cannot be. */
void stage_init(struct stage *s, struct queue *q, struct controls *c,
    struct retry retry, uint64_t *trouble);
void stage_free(struct stage *s);

enum stage_next {
	STAGE_GO,      /* on with the delivery */
	STAGE_SETTLE,  /* every recipient has a result: settle them */
	STAGE_OVER,    /* it has been moved, or is left where it is */
};

/* hook.postq, if it was not asked; what it said before is carried out. The
 * entry's results are reset. */
enum stage_next stage_postq(struct stage *s, struct entry *e);

/* hook.queue_config, before each attempt: the entry's queue_config. */
enum stage_next stage_queue_config(struct stage *s, struct entry *e);

/*
 * Before an attempt: hook.predelivery, delivery, deliver. route is the first
 * recipient's. With STAGE_GO the entry may have got another envelope, and
 * e->route and e->options: then *changed is set.
 */
enum stage_next stage_predelivery(struct stage *s, struct entry *e,
    struct span route, bool *changed);

/* hook.send for a group of an entry: each recipient gets a result. */
void stage_send(struct stage *s, struct entry *e, struct plan_group *g);

/* hook.amqp: adds to the group's options; false when it failed. */
bool stage_amqp(struct stage *s, struct entry *e, struct plan_group *g);

/*
 * After an attempt, in this order: stage_delivered() for all of a batch marks
 * who has it, when a hook is going to run; stage_postdelivery() asks
 * hook.postdelivery for each recipient that was tried, where expired says that the
 * entry is too old to be tried on, and changes results, e->again, e->keep and
 * e->place; when the marks are durable, stage_record() makes so what it
 * changed of the message.
 */
void stage_delivered(struct stage *s, struct entry *e);
void stage_postdelivery(struct stage *s, struct entry *e, bool expired);
void stage_record(struct stage *s, struct entry *e, bool stays);
/* The entry goes to e->place, with what is left of it: 0, or -1, logged. */
int stage_put_away(struct stage *s, struct entry *e);

/*
 * hook.bounce for a report about recipients (divided by '\n') of e. What the
 * hook changes of *report lives in e's arena. False: no report goes out, and
 * the recipients are done.
 */
struct stage_report {
	struct span subject;
	struct span text;    /* for people; lines divided by '\n' */
	struct span headers; /* more fields, "Name: value" divided by '\n' */
};
bool stage_bounce(struct stage *s, struct entry *e, struct span recipients,
    struct stage_report *report);

/* The entry leaves this worker: its attempt's context is over. */
void stage_leave(struct stage *s, struct entry *e);

/* --- among the rooms of stage --- */

#define STAGE_OPTIONS_MAX 8192 /* octets of a job's fields by the script */

enum stage_kind { WANT_NOTHING, WANT_REJECT, WANT_DEFER, WANT_DISCARD,
	WANT_QUARANTINE, WANT_HOLD, WANT_FAILED };

/* What a hook wants, with texts in the entry's arena. */
struct stage_want {
	enum stage_kind kind;
	const char *hook; /* the stage's name */
	int code;
	struct span enhanced, text;
	const char *place; /* "quarantine/NAME", "hold" */
	bool timed, uncounted;
	int64_t after; /* seconds */
	struct span route; /* p NULL: none */
	struct span options; /* " key=value", escaped; may be empty */
	struct span queue, meta_route; /* requeue; p NULL: none */
};

/* Reads a verdict of the stage. */
void stage_read(struct stage *s, struct entry *e, enum hook_id id,
    const struct verdict *v, struct stage_want *w);
/* Runs the stage over a message with one more argument, or none. */
void stage_run(struct stage *s, struct entry *e, enum hook_id id,
    struct message *m, const struct hook_arg *more, struct stage_want *w);
/* Calls the stage and leaves its verdict to who asked. */
void stage_call(struct stage *s, struct entry *e, enum hook_id id,
    struct message *m, const struct hook_arg *more, struct verdict *v);
void stage_call_args(struct stage *s, struct entry *e, enum hook_id id,
    const struct hook_arg *args, size_t n, struct verdict *v);
/* The message of an entry. */
void stage_message(struct stage *s, struct entry *e, struct message *m);

/* Everybody in a group who has no word yet gets this result. */
void stage_result_group(struct entry *e, const struct plan_group *g,
    enum result_kind kind, const struct stage_want *w, const char *agent);
/* Every open recipient gets this result. */
void stage_result_all(struct entry *e, enum result_kind kind,
    const struct stage_want *w);
/* It waits, and this was no attempt: 0, or -1, logged. */
int stage_later(struct stage *s, struct entry *e, const struct stage_want *w,
    int64_t due);
/* It failed, and is tried after the first interval. */
enum stage_next stage_failed(struct stage *s, struct entry *e,
    const struct stage_want *w);
/* It goes to w->place: 0, or -1, logged. */
int stage_move(struct stage *s, struct entry *e, const struct stage_want *w);
/* What was decided without asking an agent: reject, discard. */
enum stage_next stage_decide(struct stage *s, struct entry *e,
    const struct stage_want *w);
/* The changes to the message, and how far postq is: 0, or -1, logged. */
int stage_rewrite(struct stage *s, struct entry *e, struct message *m,
    char postq, struct span result);
/* event=queue-trouble */
void stage_trouble(struct stage *s, struct entry *e, const char *what);

#endif
