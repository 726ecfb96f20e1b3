/*
 * control: the table of settings, and questions about it and about lists.
 * Values are parsed in control_value.c, loaded in control_load.c and shown in
 * control_show.c.
 */
#include "control.h"
#include "control_value.h"
#include "near.h"

const struct control_row control_rows[CONTROL_N] = {
#define CONTROL(name, type, def, owner, scope, doc)                           \
	{#name, #type, def, owner, scope, doc},
#include "control.def"
#undef CONTROL
};

/* Names that scripts and command lines for older engines use. */
static const struct {
	const char *name;
	enum control_id id;
} aliases[] = {
    {"smtp-max-size", CONTROL_databytes},
    {"smtp-command-timeout", CONTROL_timeoutsmtpd},
    {"rfc2920-pipelining-enable", CONTROL_pipelining},
    {"dns-max-timeout", CONTROL_dnstimeout},
    {"spool-dir", CONTROL_queuedir},
    {"smtp-smart-host", CONTROL_smarthost},
    {"smtp-xclient", CONTROL_xclienthosts},
    {"rfc2920-pipelining-reject", CONTROL_pipeliningreject},
};
#define NALIASES (sizeof aliases / sizeof *aliases)

int
control_find(struct span name)
{
	for (size_t i = 0; i < CONTROL_N; i++)
		if (span_eq(name, span_of(control_rows[i].name)))
			return (int)i;
	for (size_t i = 0; i < NALIASES; i++)
		if (span_eq(name, span_of(aliases[i].name)))
			return (int)aliases[i].id;
	return -1;
}

void
control_suggest(struct buf *out, struct span name)
{
	size_t best = name.n / 2 + 1;
	const char *nearest = NULL;

	if (name.n > NEAR_MAX)
		return;
	for (size_t i = 0; i < CONTROL_N + NALIASES; i++) {
		const char *candidate = i < CONTROL_N ?
		    control_rows[i].name :
		    aliases[i - CONTROL_N].name;
		size_t d = near_distance(name, span_of(candidate));

		if (d < best) {
			best = d;
			nearest = candidate;
		}
	}
	if (nearest != NULL)
		buf_printf(out, "; did you mean %s?", nearest);
}

int
control_set(struct controls *c, struct span name, struct span value,
    enum control_origin origin, struct buf *err)
{
	struct control_fault fault;
	int id = control_find(name);

	if (id == -1) {
		control_quote(err, CONTROL_N, name);
		buf_puts(err, " is no control");
		control_suggest(err, name);
		return -1;
	}
	fault = (struct control_fault){1, value, "is not a host name"};
	/* Empty would be the host's own name: that is for control_load(). */
	if ((id == CONTROL_me && span_trim(value).n == 0) ||
	    control_put(c, (enum control_id)id, value, STYLE_WORD, origin,
		&fault) == -1) {
		buf_printf(err, "%s: ", control_rows[id].name);
		control_quote(err, (enum control_id)id, fault.value);
		buf_printf(err, " %s", fault.text);
		return -1;
	}
	return control_derive(c, err);
}

const char *
control_path(struct controls *c, const char *name)
{
	return arena_printf(&c->arena, "%s/%s", c->dir, name).p;
}

bool
control_map_find(const struct control_list *map, struct span key,
    struct span *value)
{
	for (size_t i = 0; i < map->n; i++) {
		size_t colon = span_chr(map->v[i], ':');

		if (span_ieq(span_head(map->v[i], colon), key)) {
			*value = span_skip(map->v[i], colon + 1);
			return true;
		}
	}
	return false;
}

bool
control_list_has(const struct control_list *list, struct span item)
{
	for (size_t i = 0; i < list->n; i++)
		if (span_ieq(list->v[i], item))
			return true;
	return false;
}

bool
control_list_has_domain(const struct control_list *list, struct span domain)
{
	for (size_t i = 0; i < list->n; i++) {
		struct span item = list->v[i];

		if (span_ieq(item, domain))
			return true;
		if (item.n > 1 && item.p[0] == '.' && span_iends(domain, item))
			return true;
	}
	return false;
}
