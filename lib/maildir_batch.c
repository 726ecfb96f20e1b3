/* maildir_batch: see maildir_batch.h. */
#include "maildir_batch.h"
#include "log.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* Directories from which on one syncfs(2) is cheaper than an fsync(2) each. */
#define SYNC_ALL_NAMES 3

struct maildir_item *
maildir_batch_add(struct maildir_batch *b, struct maildir_dir *dir,
    const char *name, int fd)
{
	struct maildir_item *item = &b->v[b->n++];

	memset(item, 0, offsetof(struct maildir_item, name));
	item->dir = dir;
	item->fd = fd;
	snprintf(item->name, sizeof item->name, "%s", name);
	dir->users++;
	return item;
}

static void
failed(struct maildir_item *item, const char *doing, int error)
{
	if (item->error == 0) {
		item->error = error;
		item->doing = doing;
	}
}

/* Is the item the first of its file system? */
static bool
is_first(const struct maildir_batch *b, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (b->v[k].dir->dev == b->v[i].dir->dev)
			return false;
	return true;
}

/*
 * One syncfs for the file system of item first; false when each file must be
 * asked. The descriptor was opened before any of the files was written, or
 * an error in between would be missed.
 */
static bool
sync_together(const struct maildir_item *first)
{
	if (!first->dir->groups)
		return false;
	if (syncfs(first->dir->new) == 0)
		return true;
	log_warn("agent-maildir", "syncfs %s: %s", first->dir->path.p,
	    strerror(errno));
	return false;
}

static void
sync_files(struct maildir_batch *b, size_t first)
{
	dev_t dev = b->v[first].dir->dev;
	size_t count = 0;
	bool fresh = false, all = false;

	for (size_t i = first; i < b->n; i++)
		if (b->v[i].dir->dev == dev) {
			count++;
			fresh |= b->v[i].dir->fresh;
		}
	if (count > 1 || fresh)
		all = sync_together(&b->v[first]);
	for (size_t i = first; i < b->n; i++) {
		struct maildir_item *item = &b->v[i];

		if (item->dir->dev != dev || all)
			continue;
		/* A new Maildir's own names are only certain with its file
		 * system. */
		if (item->dir->fresh && syncfs(item->dir->new) == -1)
			failed(item, "sync", errno);
		if (fsync(item->fd) == -1)
			failed(item, "sync", errno);
	}
}

static void
move(struct maildir_item *item)
{
	struct maildir_dir *d = item->dir;

	if (item->error == 0 &&
	    renameat(d->tmp, item->name, d->new, item->name) == -1)
		failed(item, "rename", errno);
	if (item->error != 0)
		unlinkat(d->tmp, item->name, 0);
	else
		d->fresh = false;
	close(item->fd);
	item->fd = -1;
}

/* Is this item the first good one in its directory? */
static bool
is_first_in_dir(const struct maildir_batch *b, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (b->v[k].dir == b->v[i].dir && b->v[k].error == 0)
			return false;
	return b->v[i].error == 0;
}

static void
sync_dir(struct maildir_batch *b, struct maildir_dir *d)
{
	if (fsync(d->new) == 0)
		return;
	for (size_t i = 0, e = (size_t)errno; i < b->n; i++)
		if (b->v[i].dir == d)
			failed(&b->v[i], "sync", (int)e);
}

static void
sync_names(struct maildir_batch *b, size_t first)
{
	dev_t dev = b->v[first].dir->dev;
	size_t count = 0;

	for (size_t i = first; i < b->n; i++)
		if (b->v[i].dir->dev == dev && is_first_in_dir(b, i))
			count++;
	if (count >= SYNC_ALL_NAMES && sync_together(&b->v[first]))
		return;
	for (size_t i = first; i < b->n; i++)
		if (b->v[i].dir->dev == dev && is_first_in_dir(b, i))
			sync_dir(b, b->v[i].dir);
}

void
maildir_batch_settle(struct maildir_batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (is_first(b, i))
			sync_files(b, i);
	for (size_t i = 0; i < b->n; i++)
		move(&b->v[i]);
	for (size_t i = 0; i < b->n; i++)
		if (is_first(b, i))
			sync_names(b, i);
}

void
maildir_batch_reset(struct maildir_batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		struct maildir_dir *d = b->v[i].dir;

		d->users--;
		/* Whatever is wrong with it, the next one looks again. */
		if (b->v[i].error != 0)
			maildir_dir_forget(d);
	}
	b->n = 0;
}
