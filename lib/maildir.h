/*
 * maildir: where a recipient's Maildir is and what a message is called in
 * it, pure. No address leaves the path component that its template gives it.
 */
#ifndef MAILDIR_H
#define MAILDIR_H

#include "arena.h"
#include "buf.h"
#include <stdint.h>

#define MAILDIR_NAME_MAX 255 /* octets of a file name (NAME_MAX) */

enum maildir_path_result {
	MAILDIR_PATH,	      /* out holds it */
	MAILDIR_PATH_ADDRESS, /* this recipient can have none: permanent */
	MAILDIR_PATH_CONFIG,  /* the template is wrong: our trouble */
};

/*
 * Puts the path for a recipient into out (reset first): %d is the domain in
 * lower case (me for an address without one), %u the local part without its
 * quotes, %l the same in lower case, %% a '%'. '/', controls, '%' and a
 * leading '.' of a value are percent-encoded. *fixed is how much of the path
 * is the template's alone, up to the last '/' before the first value; all of
 * it when no value is in it. *why says what is wrong, as a literal.
 */
enum maildir_path_result maildir_path(struct span template,
    struct span address, struct span me, struct arena *a, struct buf *out,
    size_t *fixed, const char **why);

/* Appends me as the last part of a file name: '/' and ':' as \057 and \072,
 * other octets that are not printable ASCII likewise; cut to what a name
 * leaves. */
void maildir_host(struct span me, struct buf *out);

/*
 * Puts "SECONDS.RidNnumber.host" into out (reset first). The same entry and
 * recipient always have the same name, so that a repeat after a crash lands
 * on the first one's file. A recipient without a number (0: the entry does
 * not have it) is told apart by a hash of its address.
 */
void maildir_name(int64_t seconds, struct span id, size_t number,
    struct span address, struct span host, struct buf *out);

/* For looking things up, not against attackers. */
uint64_t maildir_hash(struct span s);

/*
 * Finds the Delivered-To fields of a header that goes by piece by piece,
 * with CRLF or LF. A zeroed struct is at the start.
 */
struct delivered_to {
	bool done;	/* the header is over */
	unsigned count; /* fields seen */
	size_t n;	/* octets of the value */
	size_t col;	/* octets of the line so far */
	enum { LINE_NAME, LINE_BLANK, LINE_SKIP, LINE_VALUE } state;
	bool match;	/* the name so far is a beginning of Delivered-To */
	char value[512];
};

/*
 * Eats from *s: true when a field's value, trimmed, is in *value (values
 * longer than any address are passed over); false when s is used up or the
 * header is over.
 */
bool delivered_to_next(struct delivered_to *d, struct span *s,
    struct span *value);

#endif
