/*
 * mime: the parts of a message (RFC 2045, 2046), pure. Mail is read as it
 * comes, and much of it is broken: what is wrong makes a part `broken', and
 * reading goes on as most readers do. Depth, number and work are bounded.
 */
#ifndef MIME_H
#define MIME_H

#include "arena.h"
#include "buf.h"
#include <stdint.h>

#define MIME_DEPTH_MAX 20   /* deeper parts are leaves */
#define MIME_PARTS_MAX 1000 /* later ones are not listed */

enum mime_encoding { MIME_IDENTITY, MIME_BASE64, MIME_QP };

struct mime_part {
	struct span type;	 /* "text/plain", lower case */
	struct span charset;	 /* "" for none */
	struct span disposition; /* "attachment", lower case; "" for none */
	struct span filename;	 /* UTF-8 where we could; p NULL: none */
	struct span name;	 /* the same, of the type's parameter */
	struct span id;		 /* Content-ID without <>; "" for none */
	struct span header, body; /* as they stand in the message */
	enum mime_encoding encoding;
	size_t parent; /* number of the part it is in, from 1; 0: none */
	unsigned depth; /* 0: the message itself */
	bool multipart; /* its parts follow it */
	bool broken;
};

struct mime {
	struct mime_part *v; /* a part stands before those in it */
	size_t n;
	bool cut;    /* there are more, or deeper, or encoded, than we list */
	bool broken; /* some part is */
	/* private: */
	struct arena *arena;
	size_t cap;
};

/* Reads a whole message. All of it borrows from message or lives in a. */
void mime_parse(struct span message, struct arena *a, struct mime *out);

/* Octets of the content, and the content appended, decoded. What is no code
 * is left out of base64, and stays as it is in quoted-printable. */
uint64_t mime_size(const struct mime_part *part);
void mime_content(const struct mime_part *part, struct buf *out);

/* --- mime_param.c: fields with parameters --- */

/* "Multipart/Mixed; boundary=x": the value in lower case, in a, cut from
 * *rest, which is then the parameters. */
struct span mime_value(struct span *rest, struct arena *a);

/*
 * The value of a parameter, in a; p NULL when there is none. Parts and
 * charsets of RFC 2231 are undone and, with words, encoded words of RFC 2047,
 * which must not be in names but are. A boundary may look like one and is none.
 */
struct span mime_param(struct span params, struct span name, bool words,
    struct arena *a);

/* Is it there more than once? Readers do not agree which one counts. */
bool mime_param_repeated(struct span params, struct span name);

/* Encoded words of RFC 2047 undone, in a. */
struct span mime_words(struct span s, struct arena *a);

#endif
