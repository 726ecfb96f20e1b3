/*
 * id: 26 characters of [0-9a-v]: 10 of milliseconds since 1970, then 16 of
 * random bits (80 of them). Sorted by name is sorted by age; two machines
 * never make the same; fit for a file name and for a header. Members of a
 * group bear their transaction's id, "-" and a number from 1.
 */
#ifndef ID_H
#define ID_H

#include "span.h"
#include <stdint.h>

#define ID_LEN	26
#define ID_SIZE 34 /* with "-", up to six digits and a NUL */

/* Fills out with a new id and a NUL. Never fails (die_temp). */
void id_make(char out[ID_SIZE]);

/* The same id from the same entry and words each time, of the entry's age:
 * who makes something twice after a crash makes it under one name. */
void id_derive(struct span from, struct span words, char out[ID_SIZE]);

/* Is this an id, of an entry or a transaction? For names found on disk. */
bool id_valid(struct span s);

/* Milliseconds since 1970 that a valid id was made at. */
int64_t id_time_ms(struct span s);

#endif
