/*
 * json_parse: reading JSON, strictly RFC 8259, pure. It gives one token at a
 * time and builds nothing, so that what a text costs is up to the caller.
 *
 *	struct json_parser p;
 *	json_parse_init(&p, text, &room);
 *	while ((token = json_parse_next(&p)) > JSON_END)
 *		...
 *	if (token == JSON_ERROR)	p.error, at octet p.at
 *
 * Strict: UTF-8 only, without surrogates and byte order mark; no comments, no
 * comma too many, no number like "01", ".5" or "NaN"; nothing behind the
 * value. What the RFC leaves open: a name that comes twice is given twice; no
 * more than JSON_DEPTH objects and arrays in each other; no number of more
 * than JSON_NUMBER_MAX octets.
 */
#ifndef JSON_PARSE_H
#define JSON_PARSE_H

#include "buf.h"
#include <stdint.h>

#define JSON_DEPTH	64
#define JSON_NUMBER_MAX 128

enum json_token {
	JSON_ERROR,
	JSON_END, /* the value was the whole text */
	JSON_OBJECT,
	JSON_OBJECT_END,
	JSON_ARRAY,
	JSON_ARRAY_END,
	JSON_NAME, /* in an object, before its value */
	JSON_STRING,
	JSON_NUMBER,
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL,
};

struct json_parser {
	/* NAME, STRING: the octets, without escapes (\u0000 is a NUL);
	 * NUMBER: as written. Until the next call. */
	struct span value;
	bool integer; /* NUMBER: no fraction and no exponent */
	unsigned depth;
	size_t at;
	const char *error; /* a literal, once there is one */
	/* private */
	struct span text;
	struct buf *room;
	uint64_t objects; /* bit d: level d is an object */
	enum { JSON_WANT_VALUE, JSON_WANT_FIRST, JSON_WANT_MORE } want;
};

/* room holds strings that had escapes; it is the caller's. */
void json_parse_init(struct json_parser *p, struct span text,
    struct buf *room);

/* After JSON_END or JSON_ERROR it gives the same again. */
enum json_token json_parse_next(struct json_parser *p);

#endif
