/*
 * http: reading one answer of HTTP/1.1 (RFC 9112), or of spamd, which looks
 * much the same. Pure: octets are pushed in as they come, and the result is
 * the same however they are split. Strict where leniency has been used to make
 * two readers see two things: lines end in CRLF, no folds, one Content-Length,
 * no Transfer-Encoding but "chunked" and none beside a length.
 *
 * Nothing is asked here, no redirection followed, no encoding undone.
 */
#ifndef HTTP_H
#define HTTP_H

#include "buf.h"
#include <stdint.h>

#define HTTP_LINE   8192  /* octets of a line */
#define HTTP_HEAD   65536 /* octets of all lines that are not the body's */
#define HTTP_FIELDS 200

struct http {
	int status;	   /* 200; of spamd 0 is good */
	struct buf reason;
	struct buf fields; /* "name: value\n", names in lower case */
	struct buf body;
	const char *error; /* a literal: why it is none */
	/* private: */
	bool spamd, bodiless, length_known, chunked;
	enum { HTTP_START, HTTP_FIELD, HTTP_LENGTH, HTTP_CLOSE, HTTP_SIZE,
		HTTP_CHUNK, HTTP_CHUNK_END, HTTP_TRAILER, HTTP_DONE } state;
	struct buf line;
	size_t head, nfields;
	size_t max;	   /* octets of the body */
	uint64_t left;	   /* of the body or the chunk */
};

/* A zeroed struct, or one that was used. spamd: not HTTP's first line. */
void http_init(struct http *h, bool spamd, size_t max);
/* It answers HEAD: there is no body. */
void http_expect_none(struct http *h);

/* 1: complete, what follows is not looked at; 0: there must be more; -1: see
 * error. After 1 and -1 it gives the same again. */
int http_push(struct http *h, struct span s);
/* The other side has closed: 1 or -1. */
int http_end(struct http *h);

/* The value of the first field of that name (lower case). */
bool http_field(const struct http *h, struct span name, struct span *value);

void http_free(struct http *h);

/* Is s a token (RFC 9110 5.6.2): a method, a field's name? */
bool http_token_valid(struct span s);
/* May it stand behind a field's name: no controls but tab? */
bool http_value_valid(struct span s);

#endif
