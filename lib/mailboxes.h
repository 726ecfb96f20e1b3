/*
 * mailboxes: the addresses of a From or Sender field (RFC 5322 3.4), pure:
 * display names, comments, quoted strings, groups, obsolete routes. It takes
 * no field for good that another reader could take for other addresses: what
 * it does not understand is an error.
 */
#ifndef MAILBOXES_H
#define MAILBOXES_H

#include "address.h"
#include "buf.h"

struct mailboxes {
	struct span rest; /* of the value: folds may be in it */
	bool group;	  /* between "name:" and ";" */
};

/*
 * The next address: 1; it lives in a. 0 at the end; -1 for what is no list of
 * addresses.
 */
int mailboxes_next(struct mailboxes *m, struct arena *a, struct address *out);

#endif
