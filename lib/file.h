/* file: whole files, whole writes. All return -1 and errno on failure. */
#ifndef FILE_H
#define FILE_H

#include "buf.h"
#include <sys/types.h>

/*
 * Appends the whole of a regular file to out: 0. EFBIG when it is larger
 * than max, EISDIR and EINVAL for what is not a regular file (a fifo is
 * never waited for). dirfd as in openat(2).
 */
int file_read_at(int dirfd, const char *path, size_t max, struct buf *out);

/* Writes all of s, whatever write(2) returns in between. */
int file_write_all(int fd, struct span s);

/* Reads exactly n octets at offset; EIO when the file is shorter. */
int file_pread_all(int fd, void *p, size_t n, off_t offset);

/* mkdir(2) of a directory and what is missing above it, mode 0700. */
int file_mkdirs(const char *path);

/* Puts the parts of path together: dir, "/", name, into out (reset first). */
const char *file_path(struct buf *out, const char *dir, const char *name);

#endif
