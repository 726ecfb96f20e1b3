/*
 * queue_dir: what finding names in the queue is made of, for queue_scan,
 * queue_find, queue_sweep and who watches new/ alone: directories that are read, names that
 * are none of ours, the growing list of those that are.
 */
#ifndef QUEUE_DIR_H
#define QUEUE_DIR_H

#include "queue_out.h"
#include <dirent.h>

/* A stream over a directory of the queue; NULL and errno. */
DIR *queue_dir_open(struct queue *q, const char *path);
/* The next name that does not begin with a dot; NULL with errno 0 at the end,
 * NULL with another errno when it could not be read. */
struct dirent *queue_dir_next(DIR *d);
/* Says once per process that a name is none of ours. */
void queue_dir_report(const char *dir, const char *name);

/* place as from queue_names_place(), or a literal. */
void queue_names_plain(struct queue_names *names, const char *place,
    const char *id);
void queue_names_due(struct queue_names *names, int64_t due,
    unsigned attempts, struct span id);
/* A place as text that lives for good. */
const char *queue_names_place(const char *place);

/* queue_scan() of due/ alone. */
int queue_scan_due(struct queue *q, int64_t now, int64_t horizon, bool all,
    struct queue_names *names);

/* Closes it: 0 when errno says that all was read, else -1 with that errno. For
 * right after queue_dir_next() gave NULL. */
int queue_dir_end(DIR *d);

#endif
