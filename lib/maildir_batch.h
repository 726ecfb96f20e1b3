/*
 * maildir_batch: files on their way from tmp/ to new/, many at a time: one
 * syncfs(2) for all contents on a file system, the renames, one sync for the
 * names. A file is never in new/ before its content is durable, and nothing
 * is reported as delivered before its name is.
 */
#ifndef MAILDIR_BATCH_H
#define MAILDIR_BATCH_H

#include "maildir.h"
#include "maildir_dir.h"

#define MAILDIR_BATCH 64

struct maildir_item {
	void *owner; /* the caller's */
	size_t rcpt; /* the caller's */
	struct maildir_dir *dir;
	int fd;
	int error;	   /* errno of what failed; 0: delivered */
	const char *doing; /* what failed: "write", "rename" */
	char name[MAILDIR_NAME_MAX + 1];
};

struct maildir_batch {
	size_t n;
	struct maildir_item v[MAILDIR_BATCH];
};

/*
 * Adds a file that has been written to fd, which the batch now owns, under
 * name in dir's tmp. There must be room.
 */
struct maildir_item *maildir_batch_add(struct maildir_batch *b,
    struct maildir_dir *dir, const char *name, int fd);

/*
 * Brings every item to its end: error tells which. What failed is not in
 * tmp/ any more; it may be in new/ when only the last sync failed. The caller
 * reads the items and then calls maildir_batch_reset().
 */
void maildir_batch_settle(struct maildir_batch *b);
void maildir_batch_reset(struct maildir_batch *b);

#endif
