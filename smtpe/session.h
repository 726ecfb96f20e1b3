/*
 * session: one SMTP session, from the banner to the end of the process. The
 * loop in session.c finds a verb's row, checks phase and argument, asks the
 * hook, acts, and sends exactly one reply; verbs live in cmd_*.c.
 *
 * Only session_reply() writes to the client. Whoever wants something said
 * returns a struct reply.
 */
#ifndef SESSION_H
#define SESSION_H

#include "cdbmap.h"
#include "control.h"
#include "header.h"
#include "hook.h"
#include "io.h"
#include "queue_in.h"
#include "reply.h"
#include "transaction.h"
#include <sys/socket.h>
#include "ip.h"

#define COMMAND_MAX 12288 /* octets of a command line; RFC 4954 4 wants it */

/* Where in the dialogue we are; masks, for command.def. */
enum phase {
	PHASE_REFUSED = 1,   /* hook.accept said no: QUIT only */
	PHASE_CONNECTED = 2, /* nobody has said HELO */
	PHASE_GREETED = 4,
	PHASE_MAIL = 8,	     /* a sender, no recipient */
	PHASE_RCPT = 16,     /* at least one recipient */
	PHASE_CHUNKS = 32,   /* a message is coming in by BDAT */
};
/* In command.def: RFC 2920 wants its answer before anything else is sent. */
#define LAST 128
#define NEARER 256  /* it brings a message nearer: never junk */
#define CARRIES 512 /* octets follow the line, as many as it begins with */
#define CLEAR 1024 /* RFC 3207 4: goes without TLS even with tlsrequire */
#define PHASE_OPEN (PHASE_GREETED | PHASE_MAIL | PHASE_RCPT | PHASE_CHUNKS)

struct peer {
	struct ip ip, local;
	struct span ip_text;   /* "unknown" when nobody knows */
	struct span port, local_ip_text, local_port;
	struct span name;      /* from the launcher or the DNS; p NULL: none */
	bool name_known;       /* nothing more can be learnt about it */
	struct span bracketed; /* "[ip]", once somebody wanted it */
};

enum ending {
	GOES_ON,
	END_QUIT,
	END_DROPPED,
	END_GONE,
	END_TIMEOUT,
	END_STOPPED, /* by a signal */
};

struct tls;

struct session {
	struct controls controls;
	struct io io;
	struct arena arena;	    /* as long as the connection */
	struct arena scratch;	    /* as long as the command */
	struct peer peer;
	struct hooks *hooks;	    /* NULL: no script */
	struct hook_facts facts;
	enum phase phase;
	enum ending ending;
	bool esmtp;
	struct span helo;	    /* as given; p NULL before */
	struct buf helo_store;
	struct span auth_user;	    /* p NULL: not authenticated */
	struct span auth_mechanism;
	bool saw_auth;		    /* AUTH was said, and refused */
	uint64_t auth_failures;
	const char *const *checkpassword; /* the program and its words; NULL:
					   * none */
	const char *scram_known_for; /* the authusers that has_scram is about */
	bool has_scram;		    /* each of its users has a verifier */
	bool trusted;		    /* action.trust for the connection */
	bool trusted_at_accept;	    /* given before the client said anything */
	bool failed;		    /* it ends for trouble of ours: exit 111 */
	bool launcher_relays;	    /* RELAYCLIENT is set */
	bool relay_client;	    /* it is, or the client is in relayhosts */
	bool xclient;		    /* in xclienthosts */
	struct span relay_suffix;   /* RELAYCLIENT's value */
	const char *qmailqueue;	    /* QMAILQUEUE's value; NULL: not set */
	uint64_t errors, junk, messages;
	clock_ms load_checked;	    /* when all was well */
	clock_ms commit_began, slow_until; /* shed.h; 0: the disk is fast */
	clock_ms started;
	clock_ms deadline;	    /* of the whole; io's is later while a
				     * message comes in */
	struct hook_arg args[3];    /* for the hook of the command at hand */
	size_t nargs;
	struct span list;	    /* what that hook made of a list */
	void *parsed;		    /* what admit found, for act; in scratch */
	bool reset_after;	    /* set by acts that end a transaction */
	bool repeated;		    /* the reply is one that was given before,
				     * and no error of its own */
	bool counted;		    /* one of several to a command, whose error
				     * is counted */
	struct span verb;	    /* being answered: "" for the banner, "."
				     * for the end of data */
	struct transaction tx;
	struct message *at;	    /* what header functions work on: one of
				     * its batches, or NULL: the transaction */
	struct batch *batch;	    /* that hook.received is asked about */
	struct message *conn_meta;  /* metadata for each message; or NULL */
	struct arena meta_arena;    /* conn_meta lives there */
	struct queue queue;	    /* open once queue_opened */
	bool queue_opened;
	bool smtps;		    /* begins with TLS */
	struct tls *tls;	    /* NULL: no handshake was begun */
	bool encrypted;		    /* and it is over: session_encrypted() */
	bool trace;		    /* commands are shown, and replies go out at
				     * once, in between */
	bool dry_run;		    /* queuedir none: nothing is queued */
	struct queue_in in;
	struct arrival *arrival;    /* the message that is coming in; NULL: none
				     * is */
	uint64_t payload;	    /* octets behind the command line that are
				     * not read yet (payload.h) */
	const struct header_scan *scan; /* of the message that is coming in;
					 * NULL: none is */
	bool message_ended;
	struct cdbmap morercpthosts, recipients, domains_cdb, queues_cdb;
	struct cdbmap senderlogin;
	struct domain_kept *domains; /* domains.c's, in domain_arena */
	size_t ndomains;
	struct arena domain_arena;
	struct buf text;	    /* of the reply being made */
};

static inline bool
session_encrypted(const struct session *s)
{
	return s->encrypted;
}

/* Speaks until the end, then hook.close. The caller exits. */
void session_run(struct session *s);

/* The one place that speaks. Counts errors and delays them. */
void session_reply(struct session *s, struct reply r);

/*
 * Asks a hook and acts on trust, discard, quarantine. The reply's text lives
 * until the next hook.
 */
struct answer {
	bool go_on;	    /* nothing speaks against it */
	enum verdict_kind kind;
	bool failed;	    /* the script's error made this of it */
	struct reply reply; /* going on: what to say when all is well (code
			     * 0: the usual); else the refusal */
	struct span list;   /* what the hook made of a list; p NULL: nothing */
	const struct hook_field *fields; /* of the table it returned; they
					  * live until the next hook */
	size_t nfields;
	bool table;	    /* it returned one */
};
#define ANSWER_NONE ((struct answer){.go_on = true})
struct answer session_ask(struct session *s, enum hook_id hook,
    const struct hook_arg *args, size_t nargs);

/* The same for a hook that gets the lines of a block, one each. */
struct answer session_ask_lines(struct session *s, enum hook_id hook,
    struct span block);

/* Counts an error; a client that collects them waits here. REPLY_NONE, or the
 * 421 that ends it. */
struct reply session_count_error(struct session *s);

/* Commands that bring no message nearer are errors in the end, which are
 * counted, and answered all the same. The same replies. */
struct reply session_count_junk(struct session *s);

/* What to say when an act worked: the hook's words, where it gave some. */
struct reply session_answer(struct reply answer, struct reply usual);

/* A reply with a made-up text; it lives until the next one. */
struct reply session_replyf(struct session *s, int code, const char *enhanced,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* A table's field makes no sense: the script's error, with a log line that
 * names hook and field; gives 451 4.3.0. */
struct reply session_wrong_field(struct session *s, enum hook_id hook,
    const struct hook_field *f, const char *why);

/* hook.domain's answers were about another client. */
void session_forget_domains(struct session *s);

/* The text as replies may have it, in ASCII; it may be in s->scratch. */
struct span session_ascii(struct session *s, struct span text);

/* Our own trouble: logs what and errno, gives 451 4.3.0. */
struct reply session_trouble(struct session *s, const char *what);

/* hook.accept, hook.params, and the banner or a refusal: for a new connection,
 * and for one that XCLIENT has made new. */
struct reply session_greet(struct session *s);

/* What is worked out of settings and of who the client is: again. */
void session_settings_changed(void *session);

/* Shows the script who the client is now. */
void session_set_facts(struct session *s);

/* The client is known in another way than before (STARTTLS, AUTH, XCLIENT):
 * what was worked out of the old one is forgotten. */
void session_client_changed(struct session *s);

/* The transaction's message, made at need. */
struct message *session_message(struct session *s);

/* The connection's metadata into it, where it has none of its own. */
void session_take_metadata(struct session *s, struct message *m);
void session_forget_metadata(struct session *s);

/* What the header functions of a script work on; NULL: the transaction. */
void session_set_message(struct session *s, struct message *m);

/* Forgets the transaction and begins another, without hook.reset. */
void session_new_transaction(struct session *s);

/*
 * Input has ended: result is io_fill()'s, with errno. A time-out gets its
 * 421. There is nothing more to say to the command at hand: REPLY_NONE.
 */
struct reply session_lost(struct session *s, int result);

/* Lets what was said last arrive before the connection is reset. */
void session_linger(struct session *s);

/* Would the client understand a reply now? Not before a handshake that comes
 * first. */
bool session_may_speak(const struct session *s);

/* hook.error: what ended the session before its time, an errno. */
void session_tell_error(struct session *s, int e);

/* The client's name for people: its host name, else "[ip]". */
struct span session_peer_name(struct session *s);


#endif
