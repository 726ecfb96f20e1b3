/*
 * params: the keyword=value words behind the address of MAIL and RCPT as the
 * envelope keeps them, checked when they came (RFC 5321 4.1.2), pure. Who acts
 * on one later finds it here.
 */
#ifndef PARAMS_H
#define PARAMS_H

#include "span.h"

/*
 * The value of the first such keyword (ASCII case-insensitive) in value, which
 * may be NULL: true. It is empty both for "KEY=" and for "KEY", and borrows
 * from params.
 */
bool params_find(struct span params, struct span keyword, struct span *value);

#endif
