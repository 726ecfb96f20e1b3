/*
 * hook: the Lua engine. The only rooms that know lua.h are lib/hook*.c and
 * lib/mod*.c. A stage is a row in hook.def and one hook_run() call.
 *
 * A script cannot hang, crash or desynchronise the caller: time and memory
 * are bounded, what it returns is checked against the stage's row, and
 * every way to end gives a verdict.
 */
#ifndef HOOK_H
#define HOOK_H

#include "buf.h"
#include "reply.h"
#include <stdint.h>

struct message;

enum hook_id {
#define HOOK(name, args, verdicts, codes, failure, limit, doc) HOOK_##name,
#include "hook.def"
#undef HOOK
	HOOK_N
};

/* What a row's "codes" may be beside a code. */
#define HOOK_ANY_CODE (-1) /* all of them */
#define HOOK_LINE     (-2) /* a string that is no reply is a line: see list */
#define HOOK_YES_NO   (-3) /* true and nil go on, false refuses */
#define HOOK_AUTH     (-4) /* 235 and 334 */
#define HOOK_TABLE    (-5) /* no string, but nil or a table: see fields */
#define HOOK_ROUTE    (-7) /* a table, a reply, or a line: see list */
#define HOOK_SENT     (-8) /* true accepts, or a reply; nothing else */
#define HOOK_TRUE     (-9) /* true accepts, all else refuses */
#define HOOK_LISTS    (-6) /* the same with an array of arrays of strings */

/* What the script wants. */
enum verdict_kind {
	VERDICT_DEFAULT, /* nil: default reply and action */
	VERDICT_REPLY,	 /* a string: reply is to be sent as it is; positive
			  * lets the state advance */
	VERDICT_ACCEPT,	 /* reply.text may be set */
	VERDICT_TRUST,
	VERDICT_INFO,	 /* reply, state unchanged */
	VERDICT_REJECT,	 /* reply.code >= 400, reply.enhanced set */
	VERDICT_DEFER,
	VERDICT_DISCARD,
	VERDICT_QUARANTINE, /* place; reply.code != 0: refuse all the same */
	VERDICT_DISCONNECT, /* reply and drop */
	VERDICT_HOLD,	    /* the entry waits for an operator */
};
#define V(kind) (1u << VERDICT_##kind)

/* One of a table that a hook returned. */
struct hook_field {
	struct span name; /* 1..128 octets; empty with HOOK_LISTS */
	enum { FIELD_STRING, FIELD_NUMBER, FIELD_BOOLEAN, FIELD_LIST } type;
	struct span text; /* a number in decimal, a boolean as 1 or 0, a list
			   * divided by '\n'; the only control characters are
			   * '\n' and, in a string, '\t' */
	size_t items;	  /* of a list */
	size_t at_name, at_text; /* the engine's */
};

/* All spans live until the next hook_run(). */
struct verdict {
	enum verdict_kind kind;
	struct reply reply; /* code 0: the stage's own */
	bool drop;	    /* close the connection after the reply */
	struct span place;  /* VERDICT_QUARANTINE: its name, valid */
	bool failed;	    /* an error or a limit made this verdict */
	/* VERDICT_DEFER in queuerun: again after so many seconds, if timed;
	 * and is it no attempt? */
	bool timed, uncounted;
	int64_t after;
	struct span list;   /* the ARG_LIST argument as the hook left it, or
			     * the array it returned, divided by '\n'; with
			     * HOOK_LINE the line; p NULL: unchanged */
	/* HOOK_TABLE: its fields, sorted by name, each name once; HOOK_LISTS:
	 * its lists. */
	const struct hook_field *fields;
	size_t nfields;
	bool table;	    /* it returned one, perhaps an empty one */
};

/* Arguments, in the order of hook.def. */
struct hook_arg {
	enum { ARG_NIL, ARG_STRING, ARG_INTEGER, ARG_BOOLEAN, ARG_PARAMS,
		ARG_LIST, ARG_MSG, ARG_FIELDS } type;
	struct span s; /* STRING; PARAMS: "BODY=8BITMIME SIZE=1" as sent;
			* LIST: strings divided by '\n' */
	int64_t i;     /* INTEGER, BOOLEAN; FIELDS: how many */
	struct message *msg; /* MSG */
	/* FIELDS: a table; "a.b" is b of a table a, whose fields stand
	 * together. */
	const struct hook_field *fields;
};
#define HOOK_STRING(x) ((struct hook_arg){.type = ARG_STRING, .s = (x)})
#define HOOK_PARAMS(x) ((struct hook_arg){.type = ARG_PARAMS, .s = (x)})
#define HOOK_LIST(x)   ((struct hook_arg){.type = ARG_LIST, .s = (x)})
#define HOOK_INTEGER(x)                                                       \
	((struct hook_arg){.type = ARG_INTEGER, .i = (int64_t)(x)})
#define HOOK_BOOLEAN(x)                                                       \
	((struct hook_arg){.type = ARG_BOOLEAN, .i = (x) ? 1 : 0})

#define HOOK_FIELDS(f, n)                                                      \
	((struct hook_arg){.type = ARG_FIELDS, .fields = (f),                  \
	    .i = (int64_t)(n)})
/* msg, for this call alone (message.h). */
#define HOOK_MSG(m) ((struct hook_arg){.type = ARG_MSG, .msg = (m)})

/*
 * The facts that the tables client, connection and transaction show. The
 * session owns and updates it; the engine reads it when a script does. Spans
 * with p NULL are nil in Lua.
 */
struct hook_facts {
	void *session;
	struct span ip, port, local_ip, local_port;
	struct span helo, protocol, auth_user, auth_mechanism;
	struct span id_session, id_transaction;
	struct span input;	  /* the command line being looked at */
	struct span msg_file;
	struct span sender, params;
	const struct span *recipients;
	size_t nrecipients;
	bool in_transaction;	  /* id_trans and msg_file are visible */
	bool pipelining;
	bool saw_auth;		  /* an AUTH was refused: a line that is no
				   * command may be its secret */
	/* p NULL: no TLS; sni, peer: none was named or verified. */
	struct span tls_protocol, tls_cipher, tls_sni, tls_peer;
	int tls_bits;
	bool tls_resumed;
	bool relay;		  /* the client may send to anybody */
	struct edits *edits;	  /* of the transaction (edits.h); NULL: none */
	/* Metadata for every message of the connection, or of the transaction
	 * (NULL outside one). */
	struct message *(*metadata)(void *session, bool connection);
	/* The header block as received; false while it is not complete. */
	bool (*header)(void *session, struct span *block);
	/* The client's name, "[ip]" without one; may ask the DNS. */
	struct span (*host)(void *session);
	/* client.write(): sends text now; false when it may not. */
	bool (*write)(void *session, struct span text);
};

struct hook_config {
	const char *path;    /* the script */
	const char *luapath; /* NULL: none */
	uint64_t memory;     /* octets */
	int64_t timeout_ms;
	bool defer_errors;   /* hookerror = defer */
	bool trace;	     /* show each call on fd 2 */
	bool trying;	     /* smtpe.trying */
	const struct hook_facts *facts;
	struct span me;	     /* smtpe.host */
	/* What smtpe.getoption and setoption work on; NULL: nothing. */
	struct controls *controls;
	/* A setting has been changed: what depends on it is to follow. */
	void (*changed)(void *session);
	const char *control_dir; /* smtpe.control_dir; NULL: nil */
	const struct span *dnsservers; /* as for dns_init() */
	size_t ndnsservers;
	int64_t dnstimeout_ms;
	/*
	 * A C function of the script's would not end (a pattern that
	 * explodes): called from a signal handler with the log line that was
	 * prepared before the hook ran, newline included; must not return.
	 */
	void (*stuck)(const char *line, size_t n);
	/*
	 * Lives on where that is possible: when what does not end is Lua's own
	 * string or table library, the call fails and the script is loaded
	 * anew; only else is stuck() called.
	 */
	bool recover;
};

struct hooks; /* one Lua state; one per process */

/*
 * Loads and runs the script. NULL with one line in err (file, line, message)
 * when it is missing or fails.
 */
struct hooks *hooks_load(const struct hook_config *config, struct buf *err);

/* Is hook.NAME a function? h may be NULL: no script, no hook. */
bool hook_defined(const struct hooks *h, enum hook_id id);

/* How many parameters it declares (hook.accept's ptr costs a look-up). */
unsigned hook_nparams(const struct hooks *h, enum hook_id id);

/* Calls it; v is VERDICT_DEFAULT when it is not defined. Never fails. */
void hook_run(struct hooks *h, enum hook_id id, const struct hook_arg *args,
    size_t nargs, struct verdict *v);

/*
 * The same with a table `context' of its own, for a stage that several calls
 * make up: made at the first, gone with hook_context_end(). A zeroed one is
 * new. After the script was loaded anew it is a new one, too.
 */
struct hook_context {
	unsigned long state;
	int ref;
};
void hook_run_with(struct hooks *h, enum hook_id id,
    const struct hook_arg *args, size_t nargs, struct verdict *v,
    struct hook_context *context);
void hook_context_end(struct hooks *h, struct hook_context *context);

/*
 * Calls it once for each line of a block of whole lines, without their CRLF,
 * until one call gives a verdict: far cheaper than a hook_run() for each.
 */
void hook_run_lines(struct hooks *h, enum hook_id id, struct span block,
    struct verdict *v);

/* Where it is defined: appends "file:line"; false when it is not. */
bool hook_where(const struct hooks *h, enum hook_id id, struct buf *out);

/* Stages that got another function while the script was loaded, without the
 * first one having been looked at; each logged. */
unsigned hook_replaced(void);

/* Names in the table `hook' that are no stage, each logged with the nearest
 * one, since hooks_load(). */
unsigned hook_misspelt(void);

const char *hook_name(enum hook_id id);

/* When the running hook must end (clock.h), CLOCK_NEVER outside one: for what
 * facts->host and facts->write wait for. */
int64_t hook_deadline(void);

#endif
