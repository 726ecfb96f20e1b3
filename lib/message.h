/*
 * message: one message as a script sees it, `msg' of smtpe-lua(7): its
 * envelope, its octets, and the changes a stage has made. Changes are only
 * recorded here; who owns the message makes them so (smtpe at the commit,
 * queuerun by an entry of another content).
 *
 * What belongs to it lives in the arena that its owner gave it. Octets are
 * read from a descriptor, from its start, and only when somebody asks.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include "compose.h"
#include "edits.h"
#include "queue.h"

#define MESSAGE_RCPTS_MAX 100000
#define MESSAGE_METAS_MAX 1000
#define MESSAGE_KEY_MAX	  128	       /* octets of a metadata key */
#define MESSAGE_META_MAX  65536	       /* and of a value */
#define MESSAGE_WHOLE_MAX (64u << 20) /* whose parts can be read */
#define MESSAGE_HEAD_MAX  (64u << 20) /* of the header block */

struct message_rcpt {
	char state; /* RCPT_OPEN, or what became of it */
	struct span address, params;
	bool fresh; /* a script's: nobody has admitted it */
	bool relay; /* it has the script's word that it may be relayed */
};

/* Parts of a message, as bits. */
#define MESSAGE_SENDER 1u
#define MESSAGE_RCPTS  2u
#define MESSAGE_HEADER 4u
#define MESSAGE_META   8u
#define MESSAGE_DATA   16u

struct message {
	struct arena *arena;
	struct span id;
	int64_t received_us; /* Unix time */
	unsigned attempts;   /* counted ones */
	int fd;		     /* the message as received, from octet 0 */
	uint64_t size;	     /* its octets */
	struct span file;    /* a path where it stands alone; p NULL: none */
	struct queue *queue; /* where copies may be made; NULL: nowhere */
	struct span sender;  /* "" = the null sender */
	struct message_rcpt *rcpts;
	size_t nrcpts, caprcpts;
	struct edits *edits; /* its own, or the ones of a transaction */
	struct edits own;
	struct envelope_meta *meta;
	size_t nmeta, capmeta;
	unsigned changed;    /* MESSAGE_*, but MESSAGE_HEADER: see edits */
	unsigned fixed;	     /* what this stage cannot change any more */
	uint64_t maxline, maxsize; /* of set_data; 0: no limit */
	bool replaced;	     /* data has taken the place of the octets in fd */
	struct buf data;

	/* private: */
	struct buf head;
	bool head_read;
	struct envelope view; /* for compose: the edits alone */
	int copy_fd;
	char copy_id[ID_SIZE];
	struct buf copy_path;
	unsigned long copy_edits; /* edits->changes when it was made */
	bool copied;
	struct mime *mime; /* of whole, in the arena; NULL: not read yet */
	struct buf whole;
	unsigned long mime_edits;
};

/* An empty message whose parts will live in a. */
void message_init(struct message *m, struct arena *a);

/* The same with what an envelope says; m borrows the envelope's spans. */
void message_start(struct message *m, struct arena *a,
    const struct envelope *env);

/* A copy with its own changes, in a; spans and fd are borrowed from m, the
 * data too if there are some. */
void message_copy(struct message *to, const struct message *m,
    struct arena *a);

/* Gives up memory and removes a composed copy; the arena is its owner's. A
 * zeroed message has nothing to give up. */
void message_end(struct message *m);

/* What is to be written for m: sender, edits, metadata, recipients of env;
 * borrowed from m, the array of recipients from its arena. */
void message_envelope(struct message *m, struct envelope *env);

/* Has it been changed in any way since it was started with nedits edits? */
bool message_changed(const struct message *m, unsigned long edits);

/* How many are still to get it. */
size_t message_open(const struct message *m);

/* --- envelope --- */

/* NULL, or what is wrong as a literal. "" is the null sender. */
const char *message_set_sender(struct message *m, struct span address);

void message_put_rcpt(struct message *m, struct span address,
    struct span params);
/* The same recipient as another message's. */
void message_deal(struct message *m, const struct message_rcpt *r);
const char *message_add_rcpt(struct message *m, struct span address,
    bool relay);
/* Takes away the open ones of that address: how many. */
size_t message_remove_rcpt(struct message *m, struct span address);
/*
 * From start to put to end: the open recipients become those that were put.
 * One that was there already keeps its parameters and its admission. Without
 * an end nothing has changed.
 */
struct message_list {
	struct message_rcpt *v;
	size_t n, cap;
};
const char *message_list_put(struct message *m, struct message_list *l,
    struct span address, bool relay);
void message_list_end(struct message *m, const struct message_list *l);

/* --- metadata --- */

const struct envelope_meta *message_meta(const struct message *m,
    struct span key);
/* NULL, or what is wrong. value.p NULL takes it away. */
const char *message_set_meta(struct message *m, struct span key,
    enum meta_type type, struct span value);

/* --- octets --- */

/* The header block as received, or of the data: 0, or -1 and errno. */
int message_header(struct message *m, struct span *block);

/* Octets at offset: 0, or -1 and errno (EIO when there are fewer). */
int message_read(const struct message *m, void *p, size_t n, uint64_t offset);

/* Octets without the edits. */
uint64_t message_size(const struct message *m);

/*
 * Replaces the whole message. Edits made so far go: data stands for what
 * they gave. NULL, or what is wrong as a literal: every line must end in
 * CRLF, and no line hold a CR, LF or NUL beside it.
 */
const char *message_set_data(struct message *m, struct span data);

/* The message as it will leave; c is used as compose.h says. */
void message_compose(struct message *m, struct compose *c);

/* Its parts as it will leave (mime.h), until it changes: NULL and errno (EFBIG:
 * it is too big). */
const struct mime *message_mime(struct message *m);

/* A file of the message as it will leave, made at need: 0, or -1 and errno.
 * It lives until message_end(). */
int message_copy_file(struct message *m, struct span *path);

#endif
