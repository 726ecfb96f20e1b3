/*
 * address: RFC 5321 paths and mailboxes, pure. What is parsed is brought to
 * one form: no source route, the domain in lower case, the local part
 * without quotes where it does not need them and with the fewest backslashes
 * where it does. So two spellings of one mailbox compare equal.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include "arena.h"
#include "utf8.h"

struct address {
	struct span text;   /* whole, "" for the null path; else
			     * local@domain (or "postmaster" alone) */
	struct span local;  /* its part before the '@', quotes kept */
	struct span domain; /* after it; literals with their brackets */
	bool literal;	    /* domain is an address literal */
	bool utf8;	    /* some octet is not ASCII (RFC 6531) */
};

#define ADDRESS_NULL_OK	      1 /* "<>" (RFC 5321 4.5.5) */
#define ADDRESS_POSTMASTER_OK 2 /* "<Postmaster>" (RFC 5321 4.1.1.3) */

#define ADDRESS_LOCAL_MAX  256 /* octets; 64 of RFC 5321 breaks VERP and SRS */
#define ADDRESS_DOMAIN_MAX 255
#define ADDRESS_MAX	   512

/*
 * A path at the start of s: "<a@b>", "<@x,@y:a@b>" (the route is dropped), or,
 * because clients do, a mailbox without brackets up to the next space. Spaces
 * before it are skipped. *rest is what follows it (parameters). The result
 * borrows from a. Returns NULL, or what is wrong as a literal: "no address", "no
 * domain", "local part too long", "bad UTF-8", ...
 */
const char *address_parse_path(struct span s, unsigned flags, struct arena *a,
    struct address *out, struct span *rest);

/* A whole mailbox without brackets; the same errors. "" is an error. */
const char *address_parse(struct span s, struct arena *a, struct address *out);

/*
 * The local part as its owner means it: without quotes and backslashes, in
 * a. For file names and look-ups, never for SMTP.
 */
struct span address_local_plain(const struct address *addr, struct arena *a);

/* A domain name: LDH or UTF-8 labels of 1..63, underscores tolerated, no dot
 * at either end. */
bool address_domain_valid(struct span s);

#endif
