/*
 * route: what a route looks like, pure: "NAME:rest". What stands in the rest
 * is the business of the agent called NAME.
 */
#ifndef ROUTE_H
#define ROUTE_H

#include "span.h"

/*
 * "maildir" of "maildir:/path": true. False when it is not "name:rest" with a
 * name of 1..32 letters, digits and "-": it becomes part of a program's name.
 */
bool route_scheme(struct span route, struct span *scheme);

#endif
