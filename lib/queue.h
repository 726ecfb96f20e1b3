/*
 * queue: the directory and its names (smtpe-queue(5)). State is where the
 * file is; every transition is one rename.
 *
 *	tmp/ID  new/ID  due/BBBBBBBB/TTTTTTTTTT,N,ID  hold/ID
 *	quarantine/NAME/ID  dead/ID  log/XX/ID
 */
#ifndef QUEUE_H
#define QUEUE_H

#include "buf.h"
#include "id.h"
#include <stdint.h>
#include <sys/types.h>

struct queue {
	int fd;		  /* of the directory */
	const char *dir;  /* the caller's */
	uid_t owner;	  /* of the directory: who entries must belong to */
	gid_t group;
	int commits_name; /* does fsync of a file carry its name? -1: not
			   * asked yet */
	const char *spill; /* copies of entries are there (spill.h); NULL */
	int has_log;	  /* is there a log/? -1: not asked yet */
};

/*
 * Opens the queue, making it when it is missing (mode 0700, with what is
 * missing above it). A root process becomes the queue's owner for good:
 * what root wrote there nobody else could read. 0, or -1 and errno.
 */
int queue_open(struct queue *q, const char *dir);

/*
 * openat(2) below the queue, close-on-exec; a directory that is missing is
 * made and the call tried again.
 */
int queue_openat(struct queue *q, const char *path, int flags);
/* renameat(2) with the same help for the directory of to. */
int queue_rename(struct queue *q, const char *from, const char *to);
/* The same for a name in the directory fd. */
int queue_rename_from(struct queue *q, int fd, const char *from,
    const char *to);

/* fsync(2) of a directory of the queue: 0, or -1 and errno. */
int queue_sync_dir(struct queue *q, const char *path);

/* True where fsync(file) makes its name durable too (ext4, xfs). */
bool queue_commits_name(struct queue *q, int fd);

#define QUEUE_NAME_MAX 128 /* of a path below the queue, with its NUL */
#define QUEUE_BUCKET   256 /* seconds of due time in one directory */

/* "due/BBBBBBBB/TTTTTTTTTT,N,ID" */
void queue_due_name(int64_t due, unsigned attempts, const char *id,
    char out[QUEUE_NAME_MAX]);
/* Reads "TTTTTTTTTT,N,ID"; false when it is not one. */
bool queue_due_parse(struct span name, int64_t *due, unsigned *attempts,
    struct span *id);

/* Where a member of a group goes (smtpe-queue(5), Groups): the path below the
 * queue; false when it is no member's name. */
bool queue_member_path(const char *name, char out[QUEUE_NAME_MAX]);

/* A quarantine's or hold's name: 1..64 of letters, digits, "._-", not
 * beginning with a dot. */
bool queue_place_valid(struct span name);

#endif
