/*
 * queue_out: entries on their way out: found, locked, checked, marked,
 * moved. Only who holds the lock (flock) may change an entry.
 */
#ifndef QUEUE_OUT_H
#define QUEUE_OUT_H

#include "envelope.h"
#include "queue.h"

/* A name found in the queue. Small: there may be a million of them. */
struct queue_name {
	int64_t due;	   /* 0 where place is not "due" */
	const char *place; /* "new", "due", "hold", "dead", "quarantine/NAME";
			    * lives as long as the process */
	unsigned attempts; /* counted ones; in due/ */
	char id[ID_SIZE];
};

/* Its path below the queue. */
void queue_name_path(const struct queue_name *name, char out[QUEUE_NAME_MAX]);

/* With take each name goes there, in no order, and none is kept. */
struct queue_names {
	struct queue_name *v;
	size_t n, cap;
	void (*take)(const struct queue_name *name, void *ctx);
	void *ctx;
};

void queue_names_free(struct queue_names *names);

/*
 * Appends what is due at now: new/ first, then due/ by time. Opens only
 * buckets that are due; one that is due later than horizon seconds from now
 * (0: none) comes from a clock that went back and counts as due. all takes
 * everything. Names that are none of ours are logged once and left alone. 0,
 * or -1 and errno.
 */
int queue_scan(struct queue *q, int64_t now, int64_t horizon, bool all,
    struct queue_names *names);

/* The first due time after now, by names alone; INT64_MAX when there is none
 * (or it cannot be read). */
int64_t queue_next_due(struct queue *q, int64_t now);

/* Appends one entry in whatever state, found as smtpe-queue(5) says: 1; 0 when
 * there is none; -1 and errno when not all of the queue could be looked at. */
int queue_find(struct queue *q, const char *id, struct queue_names *names);

/* The same without the long way: an entry in due/ is found by its history
 * alone. True when it was found. */
bool queue_find_directly(struct queue *q, const char *id,
    struct queue_names *names);

/*
 * The same for n ids, with one look through due/ for all that need it. Those
 * that were found are appended; found[i] says which. 0, or -1 and errno when
 * one was not and not all of the queue could be looked at.
 */
int queue_find_ids(struct queue *q, const char *const *ids, size_t n,
    struct queue_names *names, bool *found);

/* Appends what stands in place ("hold", "dead", "quarantine/NAME"). */
int queue_scan_place(struct queue *q, const char *place,
    struct queue_names *names);
/* Appends the names of the quarantines, divided by '\n'. */
int queue_quarantines(struct queue *q, struct buf *out);

struct queue_out {
	struct queue *q;
	struct queue_name name;
	char path[QUEUE_NAME_MAX];
	int fd;		   /* read-only; its description holds the lock */
	int mark_fd;	   /* O_RDWR, opened at the first mark; or -1 */
	uint64_t size;	   /* octets of the message as received */
	uint64_t trailer;  /* octets of the trailer */
	bool locked;	   /* and still under its name */
	bool rewritten;	   /* and the name is not durable yet */
	struct envelope env;
	struct arena arena; /* env lives here */
};

enum queue_open_result {
	QUEUE_OPENED,
	QUEUE_BUSY,    /* somebody else has it: skip silently */
	QUEUE_GONE,    /* it has been moved or removed meanwhile */
	QUEUE_FOREIGN, /* not a plain file of ours: logged, left alone */
	QUEUE_DAMAGED, /* bad footer or trailer: why says what */
	QUEUE_TROUBLE, /* errno */
};

/*
 * Opens, locks (lock false: only reads), verifies and parses. o->arena may
 * be in use already and is reset. A damaged entry is still open and locked
 * when this returns, so that the caller can move it to dead/.
 */
enum queue_open_result queue_out_open(struct queue_out *o, struct queue *q,
    const struct queue_name *name, bool lock, const char **why);

/* Writes a recipient's state octet. Durable after queue_out_sync(). 0, -1. */
int queue_out_mark(struct queue_out *o, size_t rcpt, char state);
int queue_out_sync(struct queue_out *o);
/* Writes the octet of its line "postq", which it must have. 0, -1. */
int queue_out_mark_postq(struct queue_out *o, char state);

/*
 * Another content under the same name and id: env, and the message as it is,
 * or data where its p is not NULL. One rename: after a power cut it is the old
 * content or the new one, after queue_out_sync() the new. When this returns 0
 * o is at the new content and has its lock; on -1 and errno nothing has
 * changed.
 */
int queue_out_rewrite(struct queue_out *o, struct envelope *env,
    struct span data);

/* unlink, of its history before it, of its spilled copy behind it; durable after queue_sync_dir(). 0, -1. */
int queue_out_remove(struct queue_out *o);

/* One rename: to its next time, or to "dead", "hold", ... (a place that lives
 * as long as the entry). 0, -1. */
int queue_out_due(struct queue_out *o, int64_t due, unsigned attempts);
int queue_out_move(struct queue_out *o, const char *place);

/* Gives up the lock and closes; keeps the arena's memory. */
void queue_out_close(struct queue_out *o);
void queue_out_free(struct queue_out *o);

/*
 * Appends lines to log/XX/ID (smtpe-queue(5); words escaped by the caller,
 * each line with its newline). Failure is logged, never fatal.
 */
void queue_history(struct queue *q, const char *id, struct span lines);
/* The same, durable: what a mark says must not outlive its reason. 0, or -1
 * and errno. */
int queue_history_durable(struct queue *q, const char *id, struct span lines);
/* The whole history: 0, or -1 and errno (ENOENT: none). */
int queue_history_read(struct queue *q, const char *id, struct buf *out);
/* Its last lines, the last 4 KiB at most. */
int queue_history_end(struct queue *q, const char *id, struct buf *out);

/* Removes what a killed writer left in tmp/; returns how many. */
unsigned queue_sweep(struct queue *q);

#endif
