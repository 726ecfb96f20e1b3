/*
 * control_value: text to value, for the control*.c files alone: one parser
 * per type and, for the settings where a wrong word would be silently
 * harmful, one check. Knows nothing of files, variables and options.
 */
#ifndef CONTROL_VALUE_H
#define CONTROL_VALUE_H

#include "control.h"

/* How a raw value is written. */
enum control_style {
	STYLE_FILE, /* lines; the first one, or a list with # comments */
	STYLE_WORD, /* -o, environment: list items divided by ',' or '\n' */
	STYLE_ITEMS, /* by '\n' alone, and none is a comment */
};

/* What is wrong: "LINE: "VALUE" TEXT". value borrows from the raw one. */
struct control_fault {
	size_t line;
	struct span value;
	const char *text; /* "is not a size (65536, 64k, 50M)" */
};

/* 0, or -1 with fault set and the old value kept. */
int control_put(struct controls *c, enum control_id id, struct span raw,
    enum control_style style, enum control_origin origin,
    struct control_fault *fault);

/* Puts back what was a value before, as c->text and c->origin had it. */
void control_put_back(struct controls *c, enum control_id id,
    struct span text, enum control_origin origin);

/* Every row's default. */
void control_put_defaults(struct controls *c);

/* Gives me, localiphost and locals their defaults where they have no value:
 * 0, or -1 and err when this host's name is not one. */
int control_derive(struct controls *c, struct buf *err);

/* Is it a LIST or a MAP? */
bool control_is_list(enum control_id id);

/* Is it a FILE, whose value is where it is? */
bool control_is_file(enum control_id id);

/* The check of one value or list item: NULL, or what is wrong with it. */
const char *control_check(enum control_id id, struct span value);
/* A name that can stand in a greeting, a Received field, a file name. */
bool control_is_host(struct span name);

/* Appends value quoted, short, without control octets and passwords. */
void control_quote(struct buf *out, enum control_id id, struct span value);
/* Appends value without the passwords that only agents may see. */
void control_redact(struct buf *out, enum control_id id, struct span value);

/* Appends "; did you mean NAME?" when a name is near enough. */
void control_suggest(struct buf *out, struct span name);

/* Appends "SMTPE_NAME" of a name. */
void control_variable(struct buf *out, const char *name);

#endif
