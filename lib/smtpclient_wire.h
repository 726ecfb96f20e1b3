/*
 * smtpclient_wire: lines out, replies in, and the message between; what the
 * rooms of smtpclient share.
 */
#ifndef SMTPCLIENT_WIRE_H
#define SMTPCLIENT_WIRE_H

#include "smtpclient.h"

/* --- smtpclient_reply.c: pure --- */

/* A reply, line by line. A zeroed struct is at the start of one. */
struct smtpclient_reply {
	int code;
	unsigned lines;
	size_t octets;
	struct buf *text;  /* lines divided by '\n'; the caller's, reset */
	const char *wrong; /* why it is nonsense, a literal */
};

/*
 * One line without its CRLF: 1 when it was the last, 0 when more must come,
 * -1 when it is no reply (RFC 5321 4.2): no code of 200 to 599, another code
 * than the line before, something else than a blank or '-' behind it, a bare
 * CR or LF or a NUL, too many lines or octets. Other controls become '?'.
 */
int smtpclient_reply_line(struct smtpclient_reply *r, struct span line);

/*
 * The enhanced code that text begins with, if it is one for this reply's
 * class, copied to out ("" otherwise), and text without it, each line of it,
 * in place.
 */
#define SMTPCLIENT_ENHANCED_TEXT 12
void smtpclient_reply_enhanced(int code, struct buf *text,
    char out[SMTPCLIENT_ENHANCED_TEXT]);

/* --- smtpclient_data.c: pure --- */

/* A message on its way into DATA (RFC 5321 4.5.2). A zeroed struct is at the
 * start of one. */
struct smtpclient_data {
	bool begun;  /* some octet of the line was put */
	bool cr;     /* a CR whose LF may come */
};
typedef void smtpclient_sink(void *, struct span);

/*
 * Puts s with dots doubled at the start of lines; CR, LF and CRLF all become
 * CRLF, however the octets are split.
 */
void smtpclient_data_put(struct smtpclient_data *d, struct span s,
    smtpclient_sink *sink, void *to);
/* The last line's end if it has none, and the dot. */
void smtpclient_data_end(struct smtpclient_data *d, smtpclient_sink *sink,
    void *to);

/* --- smtpclient_check.c --- */

/*
 * What is known before anything is sent: how many recipients there is sense
 * in asking about. The results (all zero) of the others are set. *utf8: MAIL
 * must say SMTPUTF8.
 */
size_t smtpclient_check(const struct smtpclient *c,
    const struct smtpclient_mail *mail, struct smtpclient_result *results,
    bool *utf8);

/* --- smtpclient_tls.c --- */

/* STARTTLS and what follows, if the config asks for it: 0, or -1 and the
 * connection is broken. */
int smtpclient_starttls(struct smtpclient *c);

/* --- smtpclient.c --- */

/* Empties c->line, for smtpclient_put(). */
static inline struct buf *
smtpclient_line(struct smtpclient *c)
{
	buf_reset(&c->line);
	return &c->line;
}

/* Sends what is in c->line, buffered: 0; -1 when there is a control in it,
 * and nothing was sent. */
int smtpclient_put(struct smtpclient *c);

/*
 * Reads the next reply. want is the first digit of the one that goes on (2,
 * 3); another than 4 and 5 is nonsense. Once the connection is broken each
 * further call gives why.
 */
void smtpclient_get(struct smtpclient *c, enum smtpclient_stage stage,
    int want, int64_t ms, struct smtpclient_result *r);

/* Nothing more can be said: why. */
void smtpclient_break(struct smtpclient *c, enum smtpclient_outcome outcome,
    enum smtpclient_stage stage, int error);

/* The same, after an error of reading or writing. */
void smtpclient_fail(struct smtpclient *c, enum smtpclient_stage stage,
    int error);

/* A result of our own making; enhanced and text are literals. */
struct smtpclient_result smtpclient_ours(enum smtpclient_outcome outcome,
    enum smtpclient_stage stage, int code, const char *enhanced,
    const char *text);

/* Did the server say something before its turn? Then it is broken. */
bool smtpclient_spoke(struct smtpclient *c, enum smtpclient_stage stage);

#endif
