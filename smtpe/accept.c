/* accept: see accept.h. */
#include "accept.h"

static struct span
lower(struct arena *a, struct span s)
{
	char *p = arena_alloc(a, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		p[i] = ascii_lower(s.p[i]);
	p[s.n] = '\0';
	return span_make(p, s.n);
}

/* qmail: the key is the domain, then each ".suffix" of it. */
static int
in_morercpthosts(struct session *s, struct span domain)
{
	struct arena *a = &s->scratch;
	struct span value, key = domain;

	for (;;) {
		int r = cdbmap_find(&s->morercpthosts, key, a, &value);
		size_t dot;

		if (r != 0)
			return r;
		/* A key that is a suffix begins with its dot. */
		dot = 1 + span_chr(span_skip(key, 1), '.');
		if (dot >= key.n)
			return 0;
		key = span_skip(key, dot);
	}
}

/* virtualdomains holds "domain:prefix", ".domain:prefix" and
 * "user@domain:prefix". */
static bool
is_virtual(const struct controls *c, const struct address *rcpt)
{
	const struct control_list *map = &c->virtualdomains;
	struct span value, suffix = rcpt->domain;

	if (control_map_find(map, rcpt->text, &value) ||
	    control_map_find(map, rcpt->domain, &value))
		return true;
	while (suffix.n > 0) {
		size_t dot = span_chr(span_skip(suffix, 1), '.');

		suffix = span_skip(suffix, dot + 1);
		if (suffix.n > 0 && control_map_find(map, suffix, &value))
			return true;
	}
	return false;
}

int
accept_domain(struct session *s, const struct address *rcpt)
{
	const struct controls *c = &s->controls;

	if (c->rcpthosts.set) {
		if (control_list_has_domain(&c->rcpthosts, rcpt->domain))
			return 1;
	} else if (control_list_has(&c->locals, rcpt->domain) ||
	    is_virtual(c, rcpt)) {
		return 1;
	}
	return in_morercpthosts(s, rcpt->domain);
}

int
accept_recipient(struct session *s, const struct address *rcpt)
{
	struct arena *a = &s->scratch;
	const struct control_list *map = &s->controls.recipients;
	struct span whole, at_domain, value;
	int r;

	/* RFC 5321 4.5.1: every server has a postmaster. */
	if (span_ieq(rcpt->local, SPAN("postmaster")))
		return 1;
	whole = lower(a, rcpt->text);
	at_domain = arena_printf(a, "@%.*s", SPAN_ARG(rcpt->domain));
	if (control_map_find(map, whole, &value) ||
	    control_map_find(map, at_domain, &value))
		return 1;
	if ((r = cdbmap_find(&s->recipients, whole, a, &value)) != 0 ||
	    (r = cdbmap_find(&s->recipients, at_domain, a, &value)) != 0)
		return r;
	return !map->set && s->recipients.cdb == NULL;
}

bool
accept_is_bad_sender(struct session *s, const struct address *sender)
{
	const struct control_list *bad = &s->controls.badmailfrom;

	if (bad->n == 0 || sender->text.n == 0)
		return false;
	return control_list_has(bad, sender->text) ||
	    control_list_has(bad, arena_printf(&s->scratch, "@%.*s",
		SPAN_ARG(sender->domain)));
}
