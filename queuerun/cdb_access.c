/* cdb_access: see cdb_access.h. */
#include "cdb_access.h"
#include "access_walk.h"
#include "access_rule.h"
#include "control.h"

static const char *
check_rule(struct span text)
{
	struct span name, value;
	struct access_rule rule;
	struct buf store = {0};
	struct reply reply;
	const char *why = access_rule_parse(text, &rule);

	if (why == NULL && rule.text.p != NULL)
		why = access_rule_reply(rule.text, &store, &reply);
	buf_free(&store);
	while (why == NULL &&
	    access_rule_next(&rule.settings, &name, &value)) {
		int id = control_find(name);

		if (span_eq(name, SPAN("RELAYCLIENT")) ||
		    span_eq(name, SPAN("DATABYTES")))
			continue;
		if (id == -1)
			why = "a setting that is no control";
		else if (control_rows[id].scope != CONNECTION)
			why = "a setting that is none of a connection";
	}
	return why;
}

const char *
cdb_access_line(struct span line, struct arena *a, struct span *key,
    struct span *rule)
{
	struct access_key k;
	struct buf canonical = {0};
	const char *why;

	if (!access_key_split(line, key, rule))
		return "no ':' between key and rule";
	if ((why = access_key_parse(*key, &k)) != NULL)
		return why;
	access_key_format(&k, &canonical);
	*key = arena_dup(a, buf_span(&canonical));
	buf_free(&canonical);
	return check_rule(*rule);
}

static bool
has_key(const struct cdb_text *t, struct span key)
{
	for (size_t i = 0; i < t->n; i++)
		if (span_eq(t->v[i].key, key))
			return true;
	return false;
}

static int
missing(struct buf *err, const struct cdb_record *r, struct span key)
{
	buf_printf(err, "%s:%zu: %.*s needs a line with the key %.*s",
	    r->file, r->line, SPAN_ARG(r->key), SPAN_ARG(key));
	return -1;
}

int
cdb_access_check(const struct cdb_text *t, struct buf *err)
{
	struct span listener = {NULL, 0};
	bool named = false;

	for (size_t i = 0; i < t->n; i++) {
		struct span key = t->v[i].key;
		struct span own = span_skip(key, span_chr(key, '@'));

		/* Looked for once for all who name the same one after another,
		 * as people write them. */
		if (own.n > 0 && !span_eq(own, listener)) {
			if (!has_key(t, own))
				return missing(err, &t->v[i], own);
			listener = own;
		}
		if (key.n < 2 || key.p[0] != '=' || key.p[1] == '@' || named)
			continue;
		if (!has_key(t, SPAN("=")))
			return missing(err, &t->v[i], SPAN("="));
		named = true;
	}
	return 0;
}

void
cdb_access_lengths(const struct cdb_text *t, struct buf *out)
{
	struct access_lengths v4 = {0}, v6 = {0};

	for (size_t i = 0; i < t->n; i++) {
		struct access_key k;

		if (access_key_parse(t->v[i].key, &k) == NULL &&
		    k.kind == ACCESS_NET)
			(k.net.ip.family == AF_INET6 ? &v6 :
			    &v4)->has[k.net.bits] = true;
	}
	access_lengths_format(&v4, &v6, out);
}
