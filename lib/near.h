/* near: how far a misspelt name is from one that exists. Pure. */
#ifndef NEAR_H
#define NEAR_H

#include "span.h"

#define NEAR_MAX 40 /* longer names are no typing errors of ours */

/* How many letters were left out, put in, mistaken, or swapped with the next
 * (Damerau and Levenshtein), in any case; both at most NEAR_MAX octets. */
size_t near_distance(struct span a, struct span b);

#endif
