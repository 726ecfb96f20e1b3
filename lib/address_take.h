/*
 * address_take: the parts of an address, for address.c alone. A cursor
 * (struct span *) walks over the text; what takes something moves it on, and
 * returns NULL, or what is wrong as a literal (address.h).
 */
#ifndef ADDRESS_TAKE_H
#define ADDRESS_TAKE_H

#include "address.h"

/* A local part as its owner means it, without quotes. */
struct address_plain {
	size_t n;
	char p[ADDRESS_LOCAL_MAX];
};

static inline bool
address_is_8bit(char c)
{
	return (unsigned char)c >= 0x80;
}

/*
 * The octets of the character at the start of s, which has one; 0 when it is
 * not well-formed or a C1 control (U+0080..U+009F), which terminals that show
 * our log would obey.
 */
size_t address_character(struct span s);

/* A Dot-string or a Quoted-string. */
const char *address_take_local(struct span *s, struct address_plain *l);

/* The one spelling of a local part: quotes and backslashes only where they
 * are needed. Returns its length, or 0 when it is too long. */
size_t address_format_local(const struct address_plain *l,
    char out[ADDRESS_LOCAL_MAX]);

/* A domain name: the longest run of octets that may be in one. */
const char *address_take_domain(struct span *s, struct span *domain);

/*
 * An address literal (RFC 5321 4.1.3), the cursor on its bracket; its one
 * spelling goes into out, of size octets. Tags other than IPv6 are refused:
 * nobody can say what they mean.
 */
const char *address_take_literal(struct span *s, char *out, size_t size);

#endif
