/*
 * service: questions to other daemons, about a message as a rule: clamd,
 * spamd, rspamd and web servers. Several are asked at once and answer in
 * parallel: all go on in one poll(2). What is asked is streamed from its
 * file; an answer is never larger than its limit; each question ends by its
 * deadline, with an answer or with an error.
 *
 * A question is made by service_new(), one of service_*_ask(), and
 * service_start(). Only service_wait() waits.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include "arena.h"
#include "http.h"
#include "tcp.h"

#define SERVICE_MAX   32   /* questions at a time */
#define SERVICE_LINE  4096 /* octets of clamd's answer */
#define SERVICE_BLOCK 16384

enum service_kind { SERVICE_CLAMD, SERVICE_SPAMD, SERVICE_RSPAMD,
	SERVICE_HTTP };

struct service_request {
	struct service_request *next;
	struct service *set;
	enum service_kind kind;
	struct span name;      /* what its asker calls it */
	struct arena arena;    /* its strings */
	/* The question: */
	const struct span *hosts; /* tcp.h; in arena */
	size_t nhosts;
	unsigned port;
	int64_t patience;      /* ms to connect to one address */
	int64_t timeout;       /* ms for everything */
	size_t max;	       /* octets of the answer's body */
	struct buf head;       /* what is sent first */
	int fd;		       /* then this file's octets, owned; or -1: */
	struct span data;      /* these, in arena */
	uint64_t size;
	bool in_chunks;	       /* as clamd wants them */
	/* The answer: */
	bool done;
	const char *error;     /* a text; NULL: it is there */
	int64_t ms;	       /* how long it took */
	struct http http;      /* all but clamd */
	struct buf line;       /* clamd's, without its NUL */
	/* private: */
	enum { SERVICE_CONNECTS, SERVICE_TALKS } state;
	struct tcp tcp;
	clock_ms started, deadline;
	struct buf out;	       /* being sent */
	size_t out_pos;
	uint64_t pos;	       /* in the body */
	bool sent;	       /* all that there is, or all that it takes */
};

struct service {
	struct service_request *first, **last;
	size_t n;
	struct dns dns;
};

/* 0, or -1 and errno as dns_init(), whose arguments these are. */
int service_init(struct service *s, const struct span *servers, size_t n);

/* A new question, or NULL when there are too many. */
struct service_request *service_new(struct service *s,
    enum service_kind kind);

void service_start(struct service_request *r);

/* Is there a question whose answer was not dropped yet? */
bool service_pending(const struct service *s);

/*
 * Waits until all questions have ended, or with all false, one; at the
 * deadline all do: 0. -1 and EINTR when a signal came: call again.
 */
int service_wait(struct service *s, bool all, clock_ms deadline);

/* Forgets a question. */
void service_drop(struct service_request *r);
void service_reset(struct service *s);
/* And gives everything back. */
void service_close(struct service *s);

/* --- what is asked, and what the answers say: all pure --- */

/* service_clamd.c: INSTREAM */
void service_clamd_ask(struct service_request *r);
/* NULL, or why the answer is none. *virus has p NULL for a clean message. */
const char *service_clamd_result(struct span line, struct span *virus);

/* service_spamd.c: CHECK, or SYMBOLS; user may have p NULL */
void service_spamd_ask(struct service_request *r, struct span user,
    bool symbols);
/* "True ; 15.0 / 5.0" */
int service_spamd_result(struct span value, bool *spam, double *score,
    double *threshold);

/*
 * service_http.c: a request's head. target begins with '/', host is what
 * stands in Host; both and method must be valid. The fields are put between,
 * then service_http_end() with the body's size, or -1 for none.
 */
void service_http_ask(struct service_request *r, struct span method,
    struct span host, struct span target);
/* Controls in the value become '?'; name is a token. */
void service_http_field(struct service_request *r, struct span name,
    struct span value);
void service_http_end(struct service_request *r, bool body);
/*
 * Takes an URL apart, into r's arena: its host and port as hosts, *host for
 * service_http_ask() and *target. NULL, or what is wrong with it.
 */
const char *service_http_url(struct service_request *r, struct span url,
    struct span *host, struct span *target);

/* --- service_talk.c, for service.c --- */

/* Goes on with what can be done without waiting. */
void service_step(struct service_request *r, short revents);
void service_end(struct service_request *r, const char *error);

#endif
