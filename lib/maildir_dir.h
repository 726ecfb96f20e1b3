/*
 * maildir_dir: open Maildirs: found, made, checked, kept for a while. A
 * Maildir is used through the descriptors of its tmp and new, which are real
 * directories and no symbolic links; what its path becomes meanwhile does not
 * matter.
 */
#ifndef MAILDIR_DIR_H
#define MAILDIR_DIR_H

#include "buf.h"
#include "clock.h"
#include <sys/types.h>

#define MAILDIR_DIRS 64 /* kept open at once */

struct maildir_dir {
	struct buf path;
	uint64_t hash;
	int tmp, new;	 /* -1: this one is not in use */
	dev_t dev;
	bool groups;	 /* one syncfs(2) serves many files here, and says
			  * when it failed */
	bool fresh;	 /* we made it, and that may not be durable yet */
	unsigned users;	 /* it is not closed while there are any */
	clock_ms opened; /* what is old is opened again: a Maildir may be
			  * moved away */
};

struct maildir_dirs {
	struct maildir_dir v[MAILDIR_DIRS];
	size_t next; /* where the search for one to close starts */
};

void maildir_dirs_init(struct maildir_dirs *dirs);

enum maildir_dir_result {
	MAILDIR_DIR,	    /* *out */
	MAILDIR_DIR_ABSENT, /* there is none, and none may be made */
	MAILDIR_DIR_FULL,   /* all that are open have users */
	MAILDIR_DIR_ERROR,  /* errno */
};

/*
 * The Maildir at path, made when it is missing and create says so. fixed is
 * maildir_path()'s: without create a recipient whose Maildir is missing is
 * unknown only where this much of the path exists (a file system that is not
 * mounted is our trouble).
 */
enum maildir_dir_result maildir_dir_open(struct maildir_dirs *dirs,
    struct span path, size_t fixed, bool create, struct maildir_dir **out);

/* It is opened anew the next time. Users keep what they have. */
void maildir_dir_forget(struct maildir_dir *d);

/* Closes those that nobody uses and that were opened at least ms ago. */
void maildir_dirs_close(struct maildir_dirs *dirs, int64_t ms);

/* Is any open? */
bool maildir_dirs_any(const struct maildir_dirs *dirs);

#endif
