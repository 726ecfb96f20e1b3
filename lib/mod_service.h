/*
 * mod_service: what its rooms share: mod_service.c, the questions, which are
 * asked of web servers in mod_service_http.c, and mod_service_result.c, the
 * tables of answers.
 */
#ifndef MOD_SERVICE_H
#define MOD_SERVICE_H

#include "mod_hosts.h"
#include "service.h"

/* The options that every question has. */
#define MOD_SERVICE_OPTIONS \
	"name", "data", "timeout", "connect_timeout", "max"
#define MOD_SERVICE_TOO_MANY "too many questions"

/* A new question, or NULL when there are too many. */
struct service_request *mod_service_make(lua_State *L,
    enum service_kind kind);
/* The hosts at 1. */
void mod_service_hosts(lua_State *L, struct service_request *r,
    unsigned port);
/* kind is the name of its answer, if it gets no other. */
void mod_service_options(lua_State *L, struct service_request *r, int opts,
    const char *kind);
/*
 * What is sent: the file named at idx, else opts.data, else with message the
 * one of the transaction. NULL, or why there is nothing. *some: there is.
 */
const char *mod_service_body(lua_State *L, struct service_request *r,
    int idx, int opts, bool message, bool *some);
/* It is complete: off it goes. For return. */
int mod_service_start(lua_State *L);
/* It cannot be asked, and is forgotten: nil and why. For return. */
int mod_service_refuse(lua_State *L, const char *why);

int mod_service_http(lua_State *L);
int mod_service_rspamd(lua_State *L);

/* Pushes the table of an answer. */
void mod_service_push(lua_State *L, const struct service_request *r);

#endif
