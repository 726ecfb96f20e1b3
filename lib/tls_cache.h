/*
 * tls_cache: sessions that another process may resume, in one small file that
 * all share. A resumed handshake costs a fifth of a full one.
 *
 * The file is an array of slots that prove themselves: each has a checksum
 * over what is in it, so that no lock is needed and nothing in the file can do
 * harm: a slot that is half written, damaged, foreign or too old is empty. It
 * is read and written, not mapped: who truncates it kills nobody. Its size is
 * fixed; a new session takes the place of the oldest of four.
 *
 * Master secrets are in it: it must be ours, a regular file with one name, and
 * nobody else's to read (0600), or it is not used.
 */
#ifndef TLS_CACHE_H
#define TLS_CACHE_H

#include "span.h"
#include <stdint.h>

#define TLS_CACHE_SLOTS 4096
#define TLS_CACHE_LIFE	3600 /* seconds */

struct tls_cache_entry {
	unsigned char id[32];
	unsigned char secret[48];
	uint16_t version, suite;
};

struct tls_cache {
	int fd; /* -1: not opened, or cannot be used */
	const char *path;
};

/* Opens it, or makes it. 0, or -1 and errno: ENOENT when its directory is
 * not there, EPERM when the file must not be trusted. */
int tls_cache_open(struct tls_cache *c, const char *path);
void tls_cache_close(struct tls_cache *c);

/* The session of this id that was made for the server name host at a time
 * that is not long ago: 1, else 0. */
int tls_cache_find(struct tls_cache *c, struct span host,
    const unsigned char id[32], struct tls_cache_entry *out);

/* Keeps one. What cannot be written is not kept. */
void tls_cache_keep(struct tls_cache *c, struct span host,
    const struct tls_cache_entry *e);

#endif
