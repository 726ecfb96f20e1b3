/* checkpw_entry: new entries for a password, and asking for one. */
#ifndef CHECKPW_ENTRY_H
#define CHECKPW_ENTRY_H

#include "buf.h"
#include <stdint.h>

#define CHECKPW_PASSWORD_MAX 500 /* octets; checkpassword's 512 hold more */
#define CHECKPW_ITERATIONS   16384

/*
 * Appends the entry of a method: scram-sha-256 (with so many iterations),
 * yescrypt, sha512, bcrypt (with a cost of crypt(3), 0: its own) or
 * cram-md5. password is followed by a NUL. NULL, or what is wrong.
 */
const char *checkpw_entry_make(struct span method, struct span password,
    uint32_t iterations, unsigned long cost, struct buf *out);

/*
 * The password from the terminal, twice and unseen, or the first line of
 * standard input when that is none. NULL, or what is wrong.
 */
const char *checkpw_entry_ask(struct buf *password);

#endif
