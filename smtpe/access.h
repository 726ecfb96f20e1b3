/*
 * access: the table of who may connect and with which settings, by address,
 * network, name and listener (smtpe-access(5)): CONTROLDIR/access.cdb, or in
 * its absence the text CONTROLDIR/access. Looked at before the script is
 * loaded, so that a denial costs next to nothing.
 *
 * A table that cannot be read or understood is trouble of ours: die_temp()
 * with file, line and value. smtpe --check looks at every line.
 */
#ifndef ACCESS_H
#define ACCESS_H

#include "access_key.h"
#include "access_rule.h"
#include "session.h"

struct access_refusal {
	bool denied;
	struct reply reply; /* code 0: silently */
};

/*
 * Finds the client's lines and sets what they say, above what files and
 * launcher say and below hook.params. What an earlier call set is to be
 * undone first (control_restore). A denial is logged.
 */
struct access_refusal access_admit(struct session *s);

/* Sets one setting of a line: 0, or -1 and err. */
int access_set(struct session *s, struct span name, struct span value,
    struct buf *err);

/* For --check: what is wrong with the table's lines, as "problem: ..." lines,
 * or "table: PATH". */
bool access_verify(struct session *s, struct buf *out);

#endif
