/*
 * uri: RFC 3986, pure. The parts are borrowed from the text and stand as they
 * do there; a part that is missing has p NULL, which is not the same as an
 * empty one ("http://a?" has a query).
 *
 * Taken beyond the RFC: octets that are not ASCII (RFC 3987), and what people
 * and mails write unescaped in paths, queries and fragments, such as '|' or
 * '"'. Not taken: blanks and controls.
 */
#ifndef URI_H
#define URI_H

#include "buf.h"

struct uri {
	struct span scheme;    /* "http" */
	struct span user_info; /* "name:password" */
	struct span host;      /* without the brackets of an IPv6 address */
	struct span port;      /* digits, or empty */
	struct span path;      /* never missing */
	struct span query;     /* without '?' */
	struct span fragment;  /* without '#' */
	unsigned number;       /* the port's number, or the well-known one of
				* the scheme, or 0 */
};

/* A URI with a scheme. 0, or -1 (out is undefined then). */
int uri_parse(struct span s, struct uri *out);

/* %XX for every octet but letters, digits, "-._~". */
void uri_encode(struct span s, struct buf *out);
/* The octets again: 0, or -1 (out as it was) for a % without two digits. */
int uri_decode(struct span s, struct buf *out);

#endif
