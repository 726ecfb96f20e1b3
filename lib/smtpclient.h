/*
 * smtpclient: mail to another server (RFC 5321). Each call blocks, under
 * absolute deadlines; nothing that the server does or leaves out can make one
 * last longer, hold more memory than the limits below, or be taken for an
 * answer to something else. No line with a control octet is ever sent, and no
 * address that could end its own brackets.
 *
 *	smtpclient_init(&c, &config);
 *	if (smtpclient_open(&c, hosts, nhosts) == 0)	220 and EHLO
 *		smtpclient_send(&c, &mail, results);	any number of times
 *	smtpclient_close(&c);				QUIT
 *
 * It does not look up MX records, retry, or queue.
 */
#ifndef SMTPCLIENT_H
#define SMTPCLIENT_H

#include "arena.h"
#include "io.h"
#include "reply.h"
#include "secure.h"
#include "tcp.h"
#include "tls_client.h"

#define SMTPCLIENT_PORT	     25
#define SMTPCLIENT_LINE	     2048  /* octets of a reply's line */
#define SMTPCLIENT_LINES     128   /* lines of one reply */
#define SMTPCLIENT_REPLY     16384 /* octets of one reply */
#define SMTPCLIENT_TEXT	     2048  /* octets of it that a result keeps */
#define SMTPCLIENT_GROUP     100   /* commands before answers are read */

enum smtpclient_outcome {
	SMTPCLIENT_OK,		/* 2xx */
	SMTPCLIENT_TEMPORARY,	/* the server said 4xx */
	SMTPCLIENT_PERMANENT,	/* the server said 5xx, or it cannot be sent:
				 * no such address, larger than its SIZE */
	SMTPCLIENT_TIMEOUT,	/* it did not answer in time */
	SMTPCLIENT_LOST,	/* no connection, or it broke */
	SMTPCLIENT_NONSENSE,	/* what it said is no SMTP */
	SMTPCLIENT_LOCAL,	/* we could not read the message */
	SMTPCLIENT_INSECURE,	/* TLS was asked for and cannot be had */
};

/* What was being done. */
enum smtpclient_stage {
	SMTPCLIENT_CONNECT,
	SMTPCLIENT_GREETING,
	SMTPCLIENT_HELLO,
	SMTPCLIENT_TLS, /* STARTTLS and the handshake */
	SMTPCLIENT_MAIL,
	SMTPCLIENT_RCPT,
	SMTPCLIENT_DATA,
	SMTPCLIENT_DOT, /* the end of the message: it may have been taken even
			 * when no answer came */
	SMTPCLIENT_RSET,
	SMTPCLIENT_QUIT,
};

struct smtpclient_result {
	enum smtpclient_outcome outcome;
	enum smtpclient_stage stage;
	/* The server's, with its enhanced code, if it sent one that fits; where
	 * there was none, one of ours (4xx) that a client may be given. */
	struct reply reply;
	bool theirs;	   /* reply is the server's */
	int error;	   /* errno, with LOST, TIMEOUT and LOCAL; else 0 */
};

/* "timeout" */
const char *smtpclient_outcome_name(enum smtpclient_outcome outcome);
/* "connect", ..., "dot" */
const char *smtpclient_stage_name(enum smtpclient_stage stage);

/* What EHLO offered. */
#define SMTPCLIENT_PIPELINING 1u
#define SMTPCLIENT_8BITMIME   2u
#define SMTPCLIENT_SIZE	      4u
#define SMTPCLIENT_STARTTLS   8u
#define SMTPCLIENT_SMTPUTF8   16u
#define SMTPCLIENT_ENHANCED   32u /* ENHANCEDSTATUSCODES */
#define SMTPCLIENT_DSN	      64u

struct smtpclient_config {
	struct span helo;	/* our name; borrowed, as all of this */
	bool lmtp;		/* RFC 2033: LHLO, and one reply for each
				 * recipient after the dot */
	enum secure tls;
	/* The name that its certificate is to be for; n 0: that of the target,
	 * as it was given. */
	struct span peer;
	const char *ca;		/* path of tls_ca.h's table, for VERIFY */
	const struct span *dnsservers; /* as for dns_init() */
	size_t ndnsservers;
	clock_ms deadline;	/* for everything; CLOCK_NEVER for none */
	/* Milliseconds; 0 is the default (RFC 5321 4.5.3.2 or less): */
	int64_t connect_ms;	/* one address: 30 s */
	int64_t reply_ms;	/* one reply, whole: 300 s */
	int64_t block_ms;	/* taking a piece of the message: 180 s */
	int64_t dot_ms;		/* the reply to the end of data: 600 s */
};

struct smtpclient_mail {
	struct span sender;	     /* without <>, "" is the null sender */
	const struct span *recipients;
	size_t nrecipients;
	struct span params;	     /* more for MAIL: "RET=HDRS"; p NULL: none */
	const struct span *rcpt_params; /* and for each RCPT; NULL: none */
	int64_t size;		     /* octets; -1: not known */
	bool eight_bit;		     /* BODY=8BITMIME where it is offered; where
				      * not, the octets go as they are */
	bool utf8;		     /* the header needs SMTPUTF8; addresses
				      * say so themselves */
	/*
	 * The next piece, as compose_next(): 1; 0 at the end; -1 and errno.
	 * Lines end in CRLF; a bare LF or CR is sent as CRLF, so that no
	 * server can see an end of data in it. NULL: call-ahead, nothing is
	 * sent and the transaction ends after the last RCPT.
	 */
	int (*next)(void *state, struct span *piece);
	void *state;
};

struct smtpclient {
	struct smtpclient_config config; /* may be changed between calls */
	unsigned extensions;
	uint64_t size_max;	/* the server's, 0: not known */
	size_t host;		/* number of the one we are connected to */
	bool dot_sent;		/* by the last send: it may have been taken */
	struct tls *tls;	/* the connection is encrypted; NULL: not */
	const char *tls_failed;	/* why it is not, though it was offered and
				 * tried; NULL: it was not */
	/* private: */
	int fd;			/* -1: closed */
	bool broken;		/* nothing more can be said; why is why */
	bool plain;		/* this once, TLS having failed */
	struct span target;	/* of the host we are connected to */
	struct tls_client *tls_client; /* NULL until it is needed */
	struct tls_ca ca;
	char tls_text[80];	/* what tls_failed points to */
	bool open;		/* a transaction that RSET must end */
	struct smtpclient_result why;
	struct buf text;	/* of the reply being read */
	struct buf line;	/* being sent */
	struct arena kept;	/* what results borrow */
	struct dns dns;
	struct io io;		/* whose transport may become TLS */
};

/* Opens nothing; config is copied. */
void smtpclient_init(struct smtpclient *c,
    const struct smtpclient_config *config);

/*
 * Connects to the first of the hosts (tcp.h) that takes the connection and
 * greets with 220, and says EHLO, or HELO where that is refused. 0; -1 when
 * none did: why says what the last one said.
 */
int smtpclient_open(struct smtpclient *c, const struct span *hosts, size_t n);
/* The two halves of it, for one host: what stands between is TLS. */
int smtpclient_connect(struct smtpclient *c, const struct span *hosts,
    size_t n);
int smtpclient_hello(struct smtpclient *c);
const struct smtpclient_result *smtpclient_why(const struct smtpclient *c);

/*
 * One transaction. Each of the results, one for each recipient, is set, and
 * lives until the next call. Returns how many recipients the server has taken
 * (with a call-ahead: would take).
 */
size_t smtpclient_send(struct smtpclient *c,
    const struct smtpclient_mail *mail, struct smtpclient_result *results);

/* Can another one be sent? When not: was this one not taken for certain, so
 * that another host may be asked? (!usable && !dot_sent) */
static inline bool
smtpclient_usable(const struct smtpclient *c)
{
	return c->fd != -1 && !c->broken;
}

/*
 * Sends a line and reads its reply, for extensions (STARTTLS). The reply is
 * kept in c->kept: as results, until the next send.
 */
void smtpclient_command(struct smtpclient *c, struct span line,
    enum smtpclient_stage stage, struct smtpclient_result *r);

/* QUIT, if that can still be said, waiting shortly for its reply. It may be
 * opened again; results stay. */
void smtpclient_close(struct smtpclient *c);
/* At once, without a word. */
void smtpclient_abort(struct smtpclient *c);
/* And gives memory back. */
void smtpclient_free(struct smtpclient *c);

/* May it stand between "<" and ">" in a command? (Dot-strings and quoted
 * strings of printable octets, at most ADDRESS_MAX.) */
bool smtpclient_address_valid(struct span address);

#endif
