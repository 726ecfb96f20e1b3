/*
 * control: every setting, declared once in control.def. Precedence: default
 * < file < environment SMTPE_NAME < -o < what a launcher, a table or a script
 * sets later through control_set().
 *
 * A file that exists and cannot be read or parsed is an error, never
 * silently the default. The directory is read once with readdir, so that a
 * setting nobody made costs nothing.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include "arena.h"
#include "buf.h"
#include <stdint.h>

/* LIST and MAP: items as in the file; set says that somebody gave a value,
 * so that an empty rcpthosts is not a missing one. Map items are
 * "key:value", still joined. */
struct control_list {
	const struct span *v;
	size_t n;
	bool set;
};

/* The C type of each type in control.def. */
#define CONTROL_C_TEXT	struct span	    /* p is NULL when not set; a NUL
					     * follows, none is inside */
#define CONTROL_C_PATH	const char *	    /* NULL when not set */
#define CONTROL_C_FILE	const char *	    /* a PATH; the control file is not
					     * the value's place but what is
					     * meant, and nobody reads it here:
					     * it holds secrets */
#define CONTROL_C_SIZE	uint64_t	    /* octets */
#define CONTROL_C_TIME	int64_t		    /* milliseconds */
#define CONTROL_C_COUNT uint64_t
#define CONTROL_C_BOOL	bool
#define CONTROL_C_LIST	struct control_list
#define CONTROL_C_MAP	struct control_list

enum control_id {
#define CONTROL(name, type, def, owner, scope, doc) CONTROL_##name,
#include "control.def"
#undef CONTROL
	CONTROL_N
};

enum control_origin {
	FROM_DEFAULT,
	FROM_FILE,
	FROM_ENVIRONMENT,
	FROM_OPTION,
	FROM_LAUNCHER,
	FROM_ACCESS, /* a table's word on one connection */
	FROM_PARAMS, /* hook.params' */
	FROM_SCRIPT,
};

/* scope: who may change it when. */
enum control_scope { PROCESS, CONNECTION };

/* A value that an override stands before. */
struct control_before {
	bool set;
	enum control_origin origin;
	struct span text;
};

struct controls {
	const char *dir; /* the control directory in use */
	bool dir_given;	 /* by -c or SMTPE_CONTROL */
	bool tables;	 /* the directory has some *.cdb */
	struct arena arena;
	enum control_origin origin[CONTROL_N];
	struct span text[CONTROL_N]; /* the value as it was written; lists
				      * as items divided by '\n' */
	bool has_access; /* the directory holds access or access.cdb */
	struct control_before *before; /* CONTROL_N of them, or NULL */
#define CONTROL(name, type, def, owner, scope, doc) CONTROL_C_##type name;
#include "control.def"
#undef CONTROL
};

struct control_row {
	const char *name;
	const char *type; /* "SIZE" */
	const char *def;  /* the default as text, "" = not set */
	const char *owner; /* the program that reads it: "smtpe", "all", ... */
	enum control_scope scope;
	const char *doc;
};
extern const struct control_row control_rows[CONTROL_N];

#define CONTROL_DIR "/etc/smtpe/control"

/*
 * Fills c, whatever it held, from its directory (dir, else SMTPE_CONTROL,
 * else CONTROL_DIR), the environment and options ("name=value", noptions of
 * them). A named directory that does not exist is an error, the default one
 * is not. 0, or -1 with one line in err that names file (or variable or -o),
 * line and value; *usage is true when an option is to blame. me and what
 * depends on it get their real defaults here. All values live in c->arena:
 * arena_free() it before loading again.
 */
int control_load(struct controls *c, const char *dir,
    const char *const *options, size_t noptions, struct buf *err, bool *usage);

/* Are all files of a control directory usable? Appends a line for each that is
 * not. */
bool control_check_dir(const char *dir, struct buf *out);

/*
 * Sets one, by its own name or an alias (smtp-max-size, banner, ...).
 * 0, or -1 and err as above. The old value is kept then.
 */
int control_set(struct controls *c, struct span name, struct span value,
    enum control_origin origin, struct buf *err);

/*
 * Sets one for the connection at hand, as control_set(), or with item: the
 * items of a list are divided by '\n' alone. Only settings of a connection;
 * what a script has set by smtpe.setoption stays. control_restore() undoes
 * all of them.
 */
int control_override(struct controls *c, struct span name, struct span value,
    bool items, enum control_origin origin, struct buf *err);
void control_restore(struct controls *c);

/* Row number of a name or alias, or -1. */
int control_find(struct span name);

/* DIR/name in c's arena, for tables beside the files (recipients.cdb). */
const char *control_path(struct controls *c, const char *name);

/*
 * The value of key in a map, case-insensitive, the first that answers:
 * true. The empty key is an item that starts with ':'.
 */
bool control_map_find(const struct control_list *map, struct span key,
    struct span *value);

/* Is item in the list (ASCII case-insensitive)? */
bool control_list_has(const struct control_list *list, struct span item);

/*
 * qmail's rule for rcpthosts: the domain itself, or for a ".suffix" item any
 * name below it.
 */
bool control_list_has_domain(const struct control_list *list,
    struct span domain);

/*
 * "NAME=VALUE" for each control that came from the environment or -o, and
 * SMTPE_CONTROL=dir: what a child program needs to see the same settings. A
 * NULL-terminated array in c's arena, with PATH in front.
 */
const char *const *control_environment(struct controls *c);

/* --show-controls: "name value (origin)", sorted as in the table, and "# FILE
 * is no control" for files in the directory that may be typing errors. Values
 * that hold passwords (amqp URIs) are shown without them. */
void control_show(const struct controls *c, struct buf *out);

/* --help and the manual's list: name, type, default, doc. */
void control_help(struct buf *out);
/* The same as mdoc(7) list items. */
void control_help_mdoc(struct buf *out);

#endif
