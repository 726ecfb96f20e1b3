/*
 * mem: the memory behind buf and arena. A session is a short-lived process,
 * and a fresh page costs more than anything done with it: so the first
 * 64 KiB come from one static stretch, piece after piece, and only what does
 * not fit there asks malloc(3).
 *
 * Never fails (die_temp). What is given back is used again only when it was
 * the last piece taken, or came from malloc.
 */
#ifndef MEM_H
#define MEM_H

#include <stddef.h>

void *mem_alloc(size_t n);
/* old is the size that p was asked for with; p NULL is an alloc. */
void *mem_realloc(void *p, size_t old, size_t n);
/* n is the size that p was asked for with; p may be NULL. */
void mem_free(void *p, size_t n);

#endif
