/*
 * tables: what an administrator wrote about a key, in a map of the controls
 * or in a cdb of the same shape; the map is asked first.
 */
#ifndef TABLES_H
#define TABLES_H

#include "cdbmap.h"
#include "control.h"

struct tables {
	const struct control_list *map;
	struct cdbmap *cdb;
	struct arena *a; /* values from the cdb live here */
};

/* Is there anything to look into? 1, 0, or -1 and errno. */
int tables_exist(const struct tables *t);

/* 1 and the value, 0, or -1 and errno: the cdb cannot be read. Keys of the
 * cdb are in lower case, and so must key be. */
int tables_find(const struct tables *t, struct span key, struct span *value);

/* The domain itself, else the longest ".suffix" of it that is a key. */
int tables_find_domain(const struct tables *t, struct span domain,
    struct span *value);

#endif
