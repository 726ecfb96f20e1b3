/*
 * transaction: what one message is made of, from MAIL to the end of data. A
 * new one, with a new id, begins after RSET, HELO, EHLO and end of data.
 */
#ifndef TRANSACTION_H
#define TRANSACTION_H

#include "address.h"
#include "arena.h"
#include "edits.h"
#include "id.h"
#include "reply.h"

struct recipient {
	struct span address;
	struct span params;
	size_t number; /* among those that were answered, from 0 */
};

enum fate { FATE_QUEUE, FATE_DISCARD, FATE_QUARANTINE };

struct transaction {
	char id[ID_SIZE];
	struct arena arena;
	struct span sender;	  /* without <>, "" for null */
	struct span params;	  /* of MAIL */
	bool utf8;		  /* SMTPUTF8 among them (RFC 6531) */
	struct recipient *rcpts;
	struct span *addresses;	  /* the same, for the script */
	size_t nrcpts, cap;
	size_t answered;	  /* recipients that got a 2xx, discarded ones
				   * included */
	size_t excess;		  /* recipients that were too many */
	bool prdr;		  /* PRDR among MAIL's parameters */
	bool trusted;		  /* later hooks are skipped */
	enum fate fate;
	const char *quarantine;	  /* "quarantine/NAME" */
	struct edits edits;	  /* to the header, by the script */
	struct buf header;	  /* as received, once somebody wanted it */
	struct reply refusal;	  /* to be given at the dot, while a copy is
				   * kept; code 0: none */
	struct reply lost_chunk;  /* the refusal of a chunk, which is that of
				   * all after it; code 0: none */
	/* What the command at hand has parsed, in its scratch memory; act()
	 * makes it so. */
	struct address next;
	struct span next_params;
	uint64_t next_size;	  /* declared by SIZE= (RFC 1870) */
	bool next_utf8;		  /* SMTPUTF8 was given */
	bool next_discarded;
	bool next_prdr;
	struct message *msg;	  /* its metadata, and at its end all of it;
				   * NULL: nobody wanted it yet */
};

/* Forgets everything; a new id. */
void transaction_start(struct transaction *tx);

/* r with its texts in the transaction's memory. */
struct reply transaction_keep(struct transaction *tx, struct reply r);

void transaction_add_recipient(struct transaction *tx, struct span address,
    struct span params);

/* The fate a script decided; the first decision but for queueing stays. */
void transaction_discard(struct transaction *tx);
void transaction_quarantine(struct transaction *tx, struct span name,
    struct reply refusal);

#endif
