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

/* Names that scripts and command lines for older engines use, and those that
 * server events have for a listener's parameters. */
static const struct {
	const char *name, *control;
} aliases[] = {
    {"smtp-max-size", "databytes"},
    {"smtp-command-timeout", "timeoutsmtpd"},
    {"rfc2920-pipelining-enable", "pipelining"},
    {"dns-max-timeout", "dnstimeout"},
    {"spool-dir", "queuedir"},
    {"smtp-smart-host", "smarthost"},
    {"smtp-xclient", "xclienthosts"},
    {"rfc2920-pipelining-reject", "pipeliningreject"},
    {"hostname", "me"},
    {"banner", "smtpgreeting"},
    {"max_message_size", "databytes"},
    {"max_recipients_per_message", "maxrecipients"},
    {"max_messages_per_connection", "maxmessages"},
    {"relay_hosts", "relayhosts"},
    {"client_timeout", "timeoutsmtpd"},
    {"tls_certificate", "tlscert"},
    {"tls_private_key", "tlskey"},
    {"trace_headers", "traceheaders"},
    {"batch_handling", "batch"},
};
#define NALIASES (sizeof aliases / sizeof *aliases)

static int
find_row(struct span name)
{
	for (size_t i = 0; i < CONTROL_N; i++)
		if (span_eq(name, span_of(control_rows[i].name)))
			return (int)i;
	return -1;
}

int
control_find(struct span name)
{
	int id = find_row(name);

	for (size_t i = 0; id == -1 && i < NALIASES; i++)
		if (span_eq(name, span_of(aliases[i].name)))
			return find_row(span_of(aliases[i].control));
	return id;
}

void
control_suggest(struct buf *out, struct span name)
{
	size_t best = name.n / 4 + 1; /* more is another word */
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

static int
not_found(struct buf *err, struct span name)
{
	control_quote(err, CONTROL_N, name);
	buf_puts(err, " is no control");
	control_suggest(err, name);
	return -1;
}

static int
set(struct controls *c, enum control_id id, struct span value,
    enum control_style style, enum control_origin origin, struct buf *err)
{
	struct control_fault fault = {1, value, "is not a host name"};

	/* Empty would be the host's own name: that is for control_load(). */
	if ((id == CONTROL_me && span_trim(value).n == 0) ||
	    control_put(c, id, value, style, origin, &fault) == -1) {
		buf_printf(err, "%s: ", control_rows[id].name);
		control_quote(err, id, fault.value);
		buf_printf(err, " %s", fault.text);
		return -1;
	}
	return control_derive(c, err);
}

int
control_set(struct controls *c, struct span name, struct span value,
    enum control_origin origin, struct buf *err)
{
	int id = control_find(name);

	if (id == -1)
		return not_found(err, name);
	return set(c, (enum control_id)id, value, STYLE_WORD, origin, err);
}

static void
keep_before(struct controls *c, enum control_id id)
{
	if (c->before == NULL)
		c->before = arena_zalloc(&c->arena,
		    CONTROL_N * sizeof *c->before);
	if (!c->before[id].set)
		c->before[id] = (struct control_before){true, c->origin[id],
		    c->text[id]};
}

int
control_override(struct controls *c, struct span name, struct span value,
    bool items, enum control_origin origin, struct buf *err)
{
	enum control_style style = items ? STYLE_ITEMS : STYLE_WORD;
	int id = control_find(name);

	if (id == -1)
		return not_found(err, name);
	if (control_rows[id].scope != CONNECTION) {
		buf_printf(err, "%s is no setting of a connection",
		    control_rows[id].name);
		return -1;
	}
	if (c->origin[id] == FROM_SCRIPT)
		return 0;
	keep_before(c, (enum control_id)id);
	if (set(c, (enum control_id)id, value, style, origin, err) == -1)
		return -1;
	/* What has no value of its own follows. */
	if (id != CONTROL_me || c->origin[CONTROL_localiphost] != FROM_DEFAULT)
		return 0;
	keep_before(c, CONTROL_localiphost);
	control_put_back(c, CONTROL_localiphost, c->me, FROM_DEFAULT);
	return 0;
}

void
control_restore(struct controls *c)
{
	for (int i = 0; c->before != NULL && i < CONTROL_N; i++) {
		const struct control_before *b = &c->before[i];

		if (b->set && c->origin[i] != FROM_SCRIPT)
			control_put_back(c, (enum control_id)i, b->text,
			    b->origin);
		c->before[i].set = false;
	}
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
