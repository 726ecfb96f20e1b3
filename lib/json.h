/*
 * json: writing JSON (RFC 8259). Only what comes out is looked at: commas
 * are put where they belong, strings are escaped, octets that are not UTF-8
 * become U+FFFD (callers that must not lose them encode them first).
 */
#ifndef JSON_H
#define JSON_H

#include "buf.h"
#include <stdint.h>

struct json {
	struct buf *out;
	bool comma; /* something stands before the next value */
};

void json_init(struct json *j, struct buf *out);
/* key is NULL inside arrays and at the top. */
void json_open_object(struct json *j, const char *key);
void json_close_object(struct json *j);
void json_open_array(struct json *j, const char *key);
void json_close_array(struct json *j);
void json_string(struct json *j, const char *key, struct span value);
void json_number(struct json *j, const char *key, int64_t value);
/* A number written as text; a string when it is not one in JSON's form. */
void json_decimal(struct json *j, const char *key, struct span text);
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);
/* So few digits that it reads back the same; null when it is not finite. */
void json_double(struct json *j, const char *key, double value);

/* A name of any octets; its value comes next, with key NULL. */
void json_name(struct json *j, struct span name);

#endif
