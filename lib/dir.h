/*
 * dir: the names in a directory, without opendir(3)'s heap: in a process
 * that lives for one connection every fresh page counts.
 */
#ifndef DIR_H
#define DIR_H

#include <stdalign.h>
#include <stddef.h>

struct dir {
	int fd;
	int error; /* errno of a failed read; dir_next() is NULL then */
	size_t pos, end;
	alignas(8) char block[4096];
};

/* 0, or -1 and errno. */
int dir_open(struct dir *d, const char *path);

/* The next name, valid until the next call, "." and ".." left out; NULL at
 * the end. */
const char *dir_next(struct dir *d);

void dir_close(struct dir *d);

#endif
